// System calls of Linux that the Glibc module of the toolchain does not export.
#ifndef SLUICE_LINUX_H
#define SLUICE_LINUX_H
#include <malloc.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

// Behind _GNU_SOURCE in glibc's headers. Defining it here would give types another shape than the Glibc module has.
int accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags);
int pthread_setname_np(pthread_t thread, const char *name);
int sched_getaffinity(pid_t process, size_t size, void *set);
#endif
