package main

import (
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/unix"
)

// way is one out of the sandbox.
type way struct {
	name string
	try  func() error
}

func (s *source) ways() []way {
	fd, path, missing := int(s.file.Fd()), filepath.Join(s.Dir, "file"), filepath.Join(s.Dir, "missing")
	var limit unix.Rlimit
	return []way{
		{"files: chmod", func() error { return unix.Chmod(path, 0o4755) }},
		{"files: fchmod", func() error { return unix.Fchmod(fd, 0o4755) }},
		{"files: fchmodat2", func() error { return unix.Fchmodat(unix.AT_FDCWD, path, 0o4755, unix.AT_SYMLINK_NOFOLLOW) }},
		{"files: chown", func() error { return unix.Lchown(path, os.Getuid(), os.Getgid()) }},
		{"files: set-uid at creation", func() error { return closed(unix.Open(missing, unix.O_CREAT|unix.O_RDWR, 0o4755)) }},
		{"files: mknod", func() error { return unix.Mknod(missing+".fifo", unix.S_IFIFO|0o600, 0) }},
		{"files: utimes", func() error { return unix.Utimes(path, make([]unix.Timeval, 2)) }},
		{"files: setxattr", func() error { return unix.Setxattr(path, "user.x", []byte("x"), 0) }},
		{"files: removexattr", func() error { return unix.Removexattr(path, "user.x") }},
		{"landlock: read", func() error { return closed(unix.Open(s.Outside, unix.O_RDONLY, 0)) }},
		{"landlock: write", func() error { return closed(unix.Open(s.Outside, unix.O_WRONLY, 0)) }},

		{"sockets: unix", func() error { return connect(unix.AF_UNIX, &unix.SockaddrUnix{Name: s.Unix}) }},
		{"sockets: abstract", func() error { return connect(unix.AF_UNIX, &unix.SockaddrUnix{Name: "@" + s.Abstract}) }},
		{"sockets: pair", func() error { _, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0); return err }},
		{"landlock: connect", func() error { return connect(unix.AF_INET, s.peer()) }},
		{"sockets: MSG_FASTOPEN", func() error { return s.fastOpen(unix.Sendto) }},
		{"sockets: MSG_FASTOPEN of sendmsg", func() error {
			return s.fastOpen(func(fd int, p []byte, flags int, to unix.Sockaddr) error { return unix.Sendmsg(fd, p, nil, to, flags) })
		}},
		{"sockets: listen", s.listen},
		{"sockets: netfilter", func() error { return closed(unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_NETFILTER)) }},
		{"sockets: raw", func() error { return closed(unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)) }},
		{"sockets: io_uring", func() error {
			var params [120]byte
			return call(unix.SYS_IO_URING_SETUP, 1, uintptr(unsafe.Pointer(&params)), 0)
		}},

		{"processes: fork", func() error { return fork(0) }},
		{"processes: user namespace", func() error { return fork(unix.CLONE_NEWUSER) }},
		{"processes: clone3", func() error { return call(unix.SYS_CLONE3, 0, 0, 0) }},
		{"processes: unshare", func() error { return unix.Unshare(unix.CLONE_NEWUSER) }},
		{"processes: exec", func() error { return unix.Exec(missing+".program", nil, nil) }},
		{"processes: kill", func() error { return unix.Kill(s.Victim, 0) }},
		{"processes: tgkill", func() error { return unix.Tgkill(s.Victim, s.Victim, 0) }},
		{"processes: tkill", func() error { return call(unix.SYS_TKILL, uintptr(s.Victim), 0, 0) }},
		{"processes: pidfd", func() error { return closed(unix.PidfdOpen(s.Victim, 0)) }},
		{"processes: prlimit", func() error { return unix.Prlimit(s.Victim, unix.RLIMIT_NOFILE, nil, &limit) }},
		{"processes: priority", func() error { return unix.Setpriority(unix.PRIO_PROCESS, s.Victim, 19) }},
		{"processes: affinity", func() error { return affinity(s.Victim) }},

		{"memory: writable code", func() error { return mapped(unix.PROT_READ | unix.PROT_WRITE | unix.PROT_EXEC) }},
		{"memory: code", func() error { return mapped(unix.PROT_READ | unix.PROT_EXEC) }},
		{"memory: made code", protect},
		{"memory: personality", func() error { return call(unix.SYS_PERSONALITY, 0xffffffff, 0, 0) }},
		{"kernel: bpf", func() error { return call(unix.SYS_BPF, 0xffff, 0, 0) }},
		{"kernel: newer calls", func() error { return call(unix.SYS_LISTNS, 0, 0, 0) }},
	}
}

// call makes a system call.
func call(number, a, b, c uintptr) error {
	if _, _, errno := unix.Syscall(number, a, b, c); errno != 0 {
		return errno
	}
	return nil
}

// closed closes what was opened.
func closed(fd int, err error) error {
	if err == nil {
		_ = unix.Close(fd)
	}
	return err
}

func connect(family int, to unix.Sockaddr) error {
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Connect(fd, to)
}

func (s *source) peer() unix.Sockaddr {
	return &unix.SockaddrInet4{Port: s.Port, Addr: [4]byte{127, 0, 0, 1}}
}

// fastOpen sends data to somebody without a connection.
func (s *source) fastOpen(send func(fd int, p []byte, flags int, to unix.Sockaddr) error) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return send(fd, []byte("secret"), unix.MSG_FASTOPEN|unix.MSG_NOSIGNAL, s.peer())
}

// listen listens on a port that the kernel chooses, which takes no bind.
func (s *source) listen() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Listen(fd, 1)
}

// fork makes a process that ends at once.
//
//go:norace
func fork(flags uintptr) error {
	pid, _, errno := unix.RawSyscall6(unix.SYS_CLONE, flags|uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if errno != 0 {
		return errno
	}
	if pid == 0 {
		for {
			unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
		}
	}
	_, err := unix.Wait4(int(pid), nil, 0, nil)
	return err
}

func affinity(pid int) error {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(pid, &set); err != nil {
		return err
	}
	return unix.SchedSetaffinity(pid, &set)
}

func mapped(prot int) error {
	memory, err := unix.Mmap(-1, 0, os.Getpagesize(), prot, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err == nil {
		err = unix.Munmap(memory)
	}
	return err
}

// protect makes memory that was written executable.
func protect() error {
	memory, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return err
	}
	defer unix.Munmap(memory) //nolint:errcheck // it was mapped
	return unix.Mprotect(memory, unix.PROT_READ|unix.PROT_EXEC)
}
