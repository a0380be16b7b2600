// The headers behind those of X11, whose macros carry common names: before, between and afterwards.

#define Status int
#define Bool int
#define None 0L
#define Success 0
#define True 1
#define False 0
#define Always 2

#include <sam2lung.hpp>

#include "check.hpp"

TEST(headers_behind_x11_leave_its_macros_as_they_were) {
    const Status number = 3; // an int again
    const Bool yes = True;
    CHECK(number == 3 && yes == True && None == 0L && Success == 0);
}

TEST(status_behind_x11_has_a_name_that_is_no_macro) {
    const auto error = thrown_by<sam2lung::Error>([] { (void)sam2lung::Bundle::open("no/such/folder"); });
    CHECK(error.status() == sam2lung::StatusCode::model);
}

int main() { return run_all(); }
