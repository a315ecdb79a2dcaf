#pragma once
// First, because event2/event-config.h defines _GNU_SOURCE, which changes fd_set's fields and makes
// this module disagree with Glibc's (swiftlang/swift#69311).
#include <features.h>
#include <sys/select.h>
#include <event2/event.h>
#include <malloc.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

// Enumerators that Swift does not import as integers.
static const int kindred_efd_flags = EFD_NONBLOCK | EFD_CLOEXEC;

// Glibc declares accept4 for _GNU_SOURCE only.
extern int accept4(int, struct sockaddr *, socklen_t *, int);

static inline int kindred_accept(int listener) {
    return accept4(listener, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

// unix(7); Glibc declares struct ucred for _GNU_SOURCE only. 0: not known.
struct kindred_peer { pid_t pid; uid_t uid; gid_t gid; };

static inline struct kindred_peer kindred_peer(int connected) {
    struct kindred_peer peer = {0, 0, 0};
    socklen_t length = sizeof peer;
    int outcome = getsockopt(connected, SOL_SOCKET, SO_PEERCRED, &peer, &length);
    return outcome == 0 ? peer : (struct kindred_peer) {0, 0, 0};
}
