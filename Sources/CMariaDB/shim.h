#pragma once
// No _GNU_SOURCE here: it would clash with Glibc's own module (see CLibevent/shim.h).
#include <mysql.h>
#include <errmsg.h>
#include <mysqld_error.h>
#include <ma_pvio.h>

// Exported by libmariadb, and in none of its headers: the function is called after each read (mode 0) and
// write.
int ma_pvio_register_callback(
  my_bool add, void (*callback)(int mode, MYSQL *mysql, const unsigned char *bytes, size_t count));
