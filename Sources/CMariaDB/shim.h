#pragma once
// No _GNU_SOURCE here: it would clash with Glibc's own module (see CLibevent/shim.h).
#include <mysql.h>
#include <errmsg.h>
#include <mysqld_error.h>
