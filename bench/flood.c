// Attackers in one thread: many connections from many source addresses, each of which sends the same bytes and never learns.
// bench/flood.py says from where and what.
//
// usage: flood TARGET PORT FIRST COUNT CONNECTIONS RATE SECONDS MODE PAYLOAD [TRICKLE_MS]
//   RATE   connections and sends a second, all together
//   MODE   hold    send, then stay: say one byte of the payload again every TRICKLE_MS, if that is given
//          once    send, wait for an answer, reset, come again
//          repeat  send, wait for an answer, send again on the same connection
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum mode { HOLD, ONCE, REPEAT };
enum state { CLOSED, CONNECTING, READY, WAITING };

struct slot {
    int fd;
    enum state state;
    int queued;
};

static struct sockaddr_in target;
static uint32_t first;
static int count, connections, epoll_fd;
static enum mode mode;
static char *payload;
static size_t length;
static struct slot *slots;
static int *queue, head, tail;
static long tried, opened, sent, answers, resets;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/// Its next step needs a share of the rate.
static void enqueue(int i) {
    if (slots[i].queued) return;
    slots[i].queued = 1;
    queue[tail] = i;
    tail = (tail + 1) % (connections + 1);
}

static void drop(int i) {
    struct linger linger = {1, 0};
    if (slots[i].fd >= 0) {
        setsockopt(slots[i].fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
        close(slots[i].fd);
    }
    slots[i].fd = -1;
    slots[i].state = CLOSED;
    enqueue(i);
}

static void connect_slot(int i) {
    struct sockaddr_in source = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(first + (uint32_t)(i % count))};
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.u32 = (uint32_t)i};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    tried++;
    slots[i].fd = fd;
    if (fd < 0) return enqueue(i);
    setsockopt(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&source, sizeof source) || (connect(fd, (struct sockaddr *)&target, sizeof target) && errno != EINPROGRESS)) return drop(i);
    slots[i].state = CONNECTING;
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static void say(int i) {
    ssize_t n = send(slots[i].fd, payload, length, MSG_NOSIGNAL);
    sent++;
    if (n < 0 && errno != EAGAIN) {
        resets++;
        return drop(i);
    }
    slots[i].state = WAITING;
}

static void step(int i) {
    slots[i].queued = 0;
    if (slots[i].state == CLOSED) connect_slot(i);
    else if (slots[i].state == READY) say(i);
}

static void handle(int i, uint32_t events) {
    static char scratch[65536];
    if (slots[i].fd < 0) return;
    if (slots[i].state == CONNECTING) {
        if (events & (EPOLLERR | EPOLLHUP)) {
            resets++;
            return drop(i);
        }
        if (events & EPOLLOUT) {
            opened++;
            slots[i].state = READY;
            if (length > 0) enqueue(i); else slots[i].state = WAITING;
        }
    }
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
        ssize_t n;
        int got = 0;
        while ((n = recv(slots[i].fd, scratch, sizeof scratch, 0)) > 0) got = 1;
        if (got) answers++;
        if (n == 0 || (n < 0 && errno != EAGAIN)) {
            resets++;
            return drop(i);
        }
        if (!got) return;
        if (mode == ONCE) drop(i);
        if (mode == REPEAT) {
            slots[i].state = READY;
            enqueue(i);
        }
    }
}

int main(int argc, char **argv) {
    if (argc < 10) return 2;
    target.sin_family = AF_INET;
    target.sin_port = htons((uint16_t)atoi(argv[2]));
    inet_pton(AF_INET, argv[1], &target.sin_addr);
    struct in_addr from;
    inet_pton(AF_INET, argv[3], &from);
    first = ntohl(from.s_addr);
    count = atoi(argv[4]);
    connections = atoi(argv[5]);
    double rate = atof(argv[6]), end = now() + atof(argv[7]);
    mode = !strcmp(argv[8], "hold") ? HOLD : !strcmp(argv[8], "once") ? ONCE : REPEAT;
    FILE *file = fopen(argv[9], "rb");
    if (!file) return 2;
    payload = malloc(1 << 22);
    length = fread(payload, 1, 1 << 22, file);
    double trickle = argc > 10 ? atof(argv[10]) / 1000 : 0, next = now() + trickle;

    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    slots = calloc((size_t)connections, sizeof *slots);
    queue = calloc((size_t)connections + 1, sizeof *queue);
    for (int i = 0; i < connections; i++) {
        slots[i].fd = -1;
        enqueue(i);
    }
    struct epoll_event events[512];
    double last = now(), tokens = 0, time = last;
    while (time < end) {
        int n = epoll_wait(epoll_fd, events, 512, head != tail ? 1 : 10);
        for (int k = 0; k < n; k++) handle((int)events[k].data.u32, events[k].events);
        time = now();
        tokens += (time - last) * rate;
        if (tokens > rate / 100 + 1) tokens = rate / 100 + 1;
        last = time;
        while (tokens >= 1 && head != tail) {
            int i = queue[head];
            head = (head + 1) % (connections + 1);
            step(i);
            tokens--;
        }
        if (trickle > 0 && time > next) {
            next = time + trickle;
            for (int i = 0; i < connections; i++)
                if (slots[i].state == WAITING && send(slots[i].fd, payload + length - 1, 1, MSG_NOSIGNAL) < 0 && errno != EAGAIN) drop(i);
        }
    }
    printf("{\"tried\": %ld, \"opened\": %ld, \"sent\": %ld, \"answers\": %ld, \"resets\": %ld}\n", tried, opened, sent, answers, resets);
    return 0;
}
