#pragma once
// First, because event2/event-config.h defines _GNU_SOURCE, which changes fd_set's fields and makes
// this module disagree with Glibc's (swiftlang/swift#69311).
#include <features.h>
#include <sys/select.h>
#include <event2/event.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>

// Enumerators that Swift does not import as integers.
static const int kindred_efd_flags = EFD_NONBLOCK | EFD_CLOEXEC;
