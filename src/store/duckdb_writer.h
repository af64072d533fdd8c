// The BatchWriter on DuckDB: one transaction a batch, on a connection of its own.
#pragma once

#include "store/batch_writer.h"
#include "store/duckdb_batch_scan.h"

namespace millrace::store {

Result<std::unique_ptr<BatchWriter>> open_duckdb_writer(duckdb_database database,
                                                        std::shared_ptr<BatchSources> sources,
                                                        const PipelineIdentity& pipeline,
                                                        const OutputSpec& output);

}  // namespace millrace::store
