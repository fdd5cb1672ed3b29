package tpacket

import (
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// rawCalls makes system calls without telling the scheduler. It would wake the
// runtime's monitor thread for each, which costs more than all else that is done
// between two blocks. Its fields are memory for the kernel to read and write.
type rawCalls struct {
	errno, size int32
	time        unix.Timespec
	fds         [1]unix.PollFd
}

// socketError takes the pending error from a socket.
func (c *rawCalls) socketError(fd uintptr) unix.Errno {
	c.errno, c.size = 0, int32(unsafe.Sizeof(c.errno))
	_, _, errno := unix.RawSyscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_ERROR,
		uintptr(unsafe.Pointer(&c.errno)), uintptr(unsafe.Pointer(&c.size)), 0)
	if errno != 0 {
		return errno
	}
	return unix.Errno(c.errno)
}

// poll returns which events a socket has: POLLIN, POLLERR.
func (c *rawCalls) poll(fd uintptr) int16 {
	c.fds[0] = unix.PollFd{Fd: int32(fd), Events: unix.POLLIN}
	c.time = unix.Timespec{}
	_, _, _ = unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&c.fds)), 1, uintptr(unsafe.Pointer(&c.time)), 0, 0, 0)
	return c.fds[0].Revents // of 0 after an error
}

// sleep sleeps for a few milliseconds, after all that waits for the processor has
// run. [time.Sleep] would not do: the runtime's poller wakes the thread for each
// event of the socket, asked for or not.
func (c *rawCalls) sleep(d time.Duration) {
	runtime.Gosched()
	c.time = unix.NsecToTimespec(int64(d))
	_, _, _ = unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&c.time)), 0, 0) // EINTR is as good
}
