package sandbox_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/cmd/internal/daemon/sandbox"
)

// TestLegacyProgram runs the program over calls that later architectures have not.
func TestLegacyProgram(t *testing.T) {
	native := runtimeArch(t)
	vm, err := program(native, sandbox.Plan{})
	if err != nil {
		t.Fatal(err)
	}
	const setUID, setGID = 0o4755, 0o2755
	for name, tc := range map[string]struct {
		number uint32
		args   [6]uint64
		want   int
	}{
		"open":                     {unix.SYS_OPEN, [6]uint64{setUID, setUID, 0o777}, allow},
		"open a set-uid file":      {unix.SYS_OPEN, [6]uint64{0, 0, setUID}, refuse(unix.EPERM)},
		"open a set-gid file":      {unix.SYS_OPEN, [6]uint64{0, 0, setGID}, refuse(unix.EPERM)},
		"creat":                    {unix.SYS_CREAT, [6]uint64{setUID, 0o777, setUID}, allow},
		"creat of a set-uid file":  {unix.SYS_CREAT, [6]uint64{0, setUID}, refuse(unix.EPERM)},
		"creat of a set-gid file":  {unix.SYS_CREAT, [6]uint64{0, setGID}, refuse(unix.EPERM)},
		"fork":                     {unix.SYS_FORK, [6]uint64{}, refuse(unix.EPERM)},
		"chmod":                    {unix.SYS_CHMOD, [6]uint64{}, refuse(unix.EPERM)},
		"a device":                 {unix.SYS_MKNOD, [6]uint64{}, refuse(unix.EPERM)},
		"the ports of the machine": {unix.SYS_IOPL, [6]uint64{}, refuse(unix.EPERM)},
	} {
		if got, err := vm.Run(call{tc.number, native, tc.args}.data()); got != tc.want || err != nil {
			t.Errorf("%s: %#x (%v), want %#x", name, got, err, tc.want)
		}
	}
}
