package sandbox

import "golang.org/x/sys/unix"

// legacyRules are about calls that later architectures have not.
func legacyRules() []rule {
	return []rule{
		{calls: []uint32{unix.SYS_OPEN}, errno: unix.EPERM, allowed: unlessBits(2, setID)},
		{calls: []uint32{unix.SYS_CREAT}, errno: unix.EPERM, allowed: unlessBits(1, setID)},
		{calls: []uint32{
			unix.SYS_FORK, unix.SYS_VFORK, unix.SYS_CHMOD, unix.SYS_CHOWN, unix.SYS_LCHOWN,
			unix.SYS_UTIME, unix.SYS_UTIMES, unix.SYS_FUTIMESAT, unix.SYS_MKNOD,
			unix.SYS_IOPL, unix.SYS_IOPERM, unix.SYS_MODIFY_LDT, unix.SYS_USELIB, unix.SYS_KEXEC_FILE_LOAD,
		}, errno: unix.EPERM},
	}
}
