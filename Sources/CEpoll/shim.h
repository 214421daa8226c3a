// Gives Swift the readiness of many sockets at once, which Glibc's module leaves out.
#pragma once
#include <sys/epoll.h>
