extension LibcInterposer {
    /// The library in C. It is active in the program `kindred` only, not in the shell that guards it.
    static let source = #"""
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <errno.h>
        #include <fcntl.h>
        #include <grp.h>
        #include <netdb.h>
        #include <pthread.h>
        #include <pwd.h>
        #include <stdatomic.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/mman.h>
        #include <sys/socket.h>
        #include <sys/time.h>
        #include <time.h>
        #include <unistd.h>

        enum { CLOCK, HOLDS_NAMES, WAITING_NAMES, REFUSES_THREADS, REFUSED_THREADS, INTERRUPTIONS, INTERRUPTED, SEED,
            HOLDS_ACCEPTS, WAITING_ACCEPTS, SPARES_THREADS };
        static _Atomic long none[512];
        static _Atomic long *controls = none;

        __attribute__((constructor)) static void begin(void) {
            const char *path = getenv("INTERPOSER_CONTROLS");
            if (!path || strcmp(program_invocation_short_name, "kindred") != 0) return;
            int file = open(path, O_RDWR);
            void *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
            close(file);
            if (shared != MAP_FAILED) controls = shared;
        }

        #define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

        int clock_gettime(clockid_t clock, struct timespec *time) {
            int result = REAL(clock_gettime)(clock, time);
            if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) time->tv_sec += controls[CLOCK];
            return result;
        }

        int gettimeofday(struct timeval *restrict time, void *restrict zone) {
            int result = REAL(gettimeofday)(time, zone);
            time->tv_sec += controls[CLOCK];
            return result;
        }

        time_t time(time_t *result) {
            struct timespec now;
            clock_gettime(CLOCK_REALTIME, &now);
            if (result) *result = now.tv_sec;
            return now.tv_sec;
        }

        static void waitForName(void) {
            controls[WAITING_NAMES]++;
            while (controls[HOLDS_NAMES]) usleep(1000);
            controls[WAITING_NAMES]--;
        }

        int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
            waitForName();
            const char *known = host && strcmp(host, "far.example") == 0 ? "127.0.0.1" : host;
            return REAL(getaddrinfo)(known, service, hints, found);
        }

        struct passwd *getpwnam(const char *name) {
            waitForName();
            return REAL(getpwnam)(name);
        }

        struct group *getgrnam(const char *name) {
            waitForName();
            return REAL(getgrnam)(name);
        }

        int accept4(int file, struct sockaddr *restrict peer, socklen_t *restrict length, int flags) {
            controls[WAITING_ACCEPTS]++;
            while (controls[HOLDS_ACCEPTS]) usleep(1000);
            controls[WAITING_ACCEPTS]--;
            return REAL(accept4)(file, peer, length, flags);
        }

        int pthread_create(pthread_t *thread, const pthread_attr_t *how, void *(*body)(void *), void *context) {
            if (!controls[REFUSES_THREADS] || controls[SPARES_THREADS]-- > 0) return REAL(pthread_create)(thread, how, body, context);
            controls[REFUSED_THREADS]++;
            return EAGAIN;
        }

        /* SplitMix64 */
        static unsigned long draw(void) {
            unsigned long mixed = atomic_fetch_add(&controls[SEED], 0x9E3779B97F4A7C15) + 0x9E3779B97F4A7C15;
            mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
            mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
            return mixed ^ (mixed >> 31);
        }

        /* 0: nothing happens, -1: an error, else how many bytes at most. */
        static long interrupt(int file, size_t size, int flags) {
            if (!controls[INTERRUPTIONS] || size == 0 || (long)(draw() % 1000) >= controls[INTERRUPTIONS]) return 0;
            int before = errno, kind;
            socklen_t length = sizeof kind;
            int stream = getsockopt(file, SOL_SOCKET, SO_TYPE, &kind, &length) == 0 && kind == SOCK_STREAM;
            errno = before;
            if (!stream) return 0;
            controls[INTERRUPTED]++;
            unsigned long choice = draw();
            int waits = !(flags & MSG_DONTWAIT) && !(fcntl(file, F_GETFL) & O_NONBLOCK);
            if (choice % 3 == 0) return 1 + (long)(choice / 3 % (size < 100 ? size : 100));
            errno = choice % 3 == 1 && !waits ? EAGAIN : EINTR;
            return -1;
        }

        #define INTERRUPTED(file, size, flags) \
            long limit = interrupt(file, size, flags); \
            if (limit < 0) return -1; \
            if (limit > 0) size = limit;

        ssize_t read(int file, void *to, size_t size) {
            INTERRUPTED(file, size, 0)
            return REAL(read)(file, to, size);
        }

        ssize_t write(int file, const void *from, size_t size) {
            INTERRUPTED(file, size, 0)
            return REAL(write)(file, from, size);
        }

        ssize_t recv(int file, void *to, size_t size, int flags) {
            INTERRUPTED(file, size, flags)
            return REAL(recv)(file, to, size, flags);
        }

        ssize_t send(int file, const void *from, size_t size, int flags) {
            INTERRUPTED(file, size, flags)
            return REAL(send)(file, from, size, flags);
        }
        """#
}
