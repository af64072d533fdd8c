# The commands a person types. Each does its own set-up; CMake and ctest do the work.
#   make demo DEMO_ARGS='--exit'      make test TEST_ARGS='-R slt'      make build BOOTSTRAP_ARGS=--no-apt

JOBS ?= $(shell nproc)
DEMO_ARGS ?=
TEST_ARGS ?=
BENCH_ARGS ?=
CHAOS_ARGS ?=
GOLDEN_ARGS ?=
BOOTSTRAP_ARGS ?=

BOOTSTRAP_INPUTS := tools/bootstrap tools/kafka-jars.xml tools/kafka-jars.sha256 \
                    tools/requirements-test.txt tools/requirements-bench.txt
CTEST := ctest --output-on-failure --no-tests=error -j $(JOBS)

.PHONY: help build demo test bench chaos asan tsan golden clean
.DEFAULT_GOAL := help

help:  ## this list
	@echo "millrace: train and classify streams, in SQL"
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

build: .deps/.ready-build  ## build/millrace, as users run it
	cmake --preset release
	cmake --build build -j $(JOBS) --target millrace

demo: build  ## the founding example, end to end (DEMO_ARGS=...)
	build/millrace demo speed-dating $(DEMO_ARGS)

test: .deps/.ready-test  ## every test, against a real Kafka (TEST_ARGS=... goes to ctest)
	cmake --preset dev
	cmake --build build/dev -j $(JOBS)
	$(CTEST) --test-dir build/dev $(TEST_ARGS)

bench: .deps/.ready-bench  ## the benchmarks, built for speed (BENCH_ARGS=...)
	cmake --preset release -DMILLRACE_BENCH=ON
	cmake --build build -j $(JOBS)
	bench/end_to_end $(BENCH_ARGS)
	bench/wire

chaos: .deps/.ready-test  ## the long campaign of kills and faults (CHAOS_ARGS='--seed 7')
	cmake --preset dev
	cmake --build build/dev -j $(JOBS) --target millrace
	PYTHONPATH=tests MILLRACE_BIN=build/dev/millrace \
	  .deps/venv/bin/python3 -m chaos.campaign $(CHAOS_ARGS)

asan: .deps/.ready-test  ## the unit tests under AddressSanitizer and UBSan
	cmake --preset asan
	cmake --build build/asan -j $(JOBS) --target units
	$(CTEST) --test-dir build/asan -L unit

# Without the tests of sources: librdkafka begins its threads by C11's thrd_create, of which the
# sanitizer does not hear, and then ends in its own allocator. Tests fork, for which DuckDB's
# allocator takes more locks at once than the sanitizer can count.
tsan: .deps/.ready-test  ## the unit tests but those of sources under ThreadSanitizer
	cmake --preset tsan
	cmake --build build/tsan -j $(JOBS) --target units
	TSAN_OPTIONS="suppressions=$(CURDIR)/tools/tsan.supp detect_deadlocks=0 die_after_fork=0" \
	  $(CTEST) --test-dir build/tsan -L unit -E unit.source

golden: .deps/tf-venv/.ready  ## tests/golden/cases anew, from the real TensorFlow (needs Python 3.11)
	.deps/tf-venv/bin/python tests/golden/make_more.py $(GOLDEN_ARGS)

.deps/tf-venv/.ready:
	python3.11 -m venv .deps/tf-venv
	.deps/tf-venv/bin/pip install --quiet tensorflow-cpu==2.15.1 numpy==1.26.4
	@touch $@

clean:  ## everything built; .deps/ and the download cache stay
	rm -rf build

.deps/.ready-%: $(BOOTSTRAP_INPUTS)
	tools/bootstrap --for $* $(BOOTSTRAP_ARGS)
	@touch $@
