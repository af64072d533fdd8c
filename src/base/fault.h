// Fault points: named places where a test makes the process die or fail. `FAULT_POINT("store.commit
// .before")` costs one relaxed load when nothing is armed and nothing at all when the build has
// MILLRACE_FAULTS off. Armed by the environment of the server:
//   MILLRACE_FAULT="store.commit.before:kill@3"    SIGKILL ourselves at the third passage
//   MILLRACE_FAULT="store.commit.before:error@1"   FAULT_STATUS returns an Error at that passage
// Several are separated by commas.
#pragma once

#include "base/result.h"

namespace millrace {

/// Every fault point that has a name; a point that is armed and not listed is an error at start.
const std::vector<std::string_view>& fault_point_names();

/// Arms what `spec` says (the form above). Called once by main, before threads start.
Status arm_faults(std::string_view spec);

namespace fault {
/// Passes the point: may not return (kill), or returns an Error (error).
Status pass(std::string_view point);
}  // namespace fault

}  // namespace millrace

#if defined(MILLRACE_FAULTS)
#define FAULT_POINT(name) (void)::millrace::fault::pass(name)
#define FAULT_STATUS(name) TRY_OK(::millrace::fault::pass(name))
#else
#define FAULT_POINT(name) (void)0
#define FAULT_STATUS(name) (void)0
#endif
