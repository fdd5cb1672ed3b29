package cmd_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// TestDoctorXDP attaches a program to an interface, for which the first user namespace's root
// is needed.
func TestDoctorXDP(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root may load XDP programs")
	}
	a, b := netns.NewTest(t, "a"), netns.NewTest(t, "b")
	netns.Must(t, netns.Veth(a, "eth0", b, "eth0"))
	err := a.Do(attachXDP)
	if errors.Is(err, unix.EPERM) {
		t.Skip("this root may not load XDP programs: ", err)
	}
	netns.Must(t, err)
	var out strings.Builder
	c := exec.Command(program, "doctor", "--format", "json")
	c.Stdout = &out
	netns.Must(t, a.Start(c), c.Wait())
	var report struct {
		Findings []struct{ Subject, State string }
	}
	netns.Must(t, json.Unmarshal([]byte(out.String()), &report))
	for _, f := range report.Findings {
		if f.Subject == "XDP on eth0" && strings.HasPrefix(f.State, "has program ") {
			return
		}
	}
	t.Errorf("found nothing of it:\n%s", &out)
}

// attachXDP attaches a program that passes everything to eth0.
func attachXDP() error {
	program := []uint64{0x00000002_000000b7, 0x95} // r0 = XDP_PASS; exit
	license := []byte("GPL\x00")
	// The beginning of union bpf_attr for BPF_PROG_LOAD (linux/bpf.h).
	attributes := struct {
		kind, length       uint32
		program, license   uint64
		logLevel, logSize  uint32
		log                uint64
		kernelVersion, any uint32
	}{
		kind: unix.BPF_PROG_TYPE_XDP, length: uint32(len(program)),
		program: uint64(uintptr(unsafe.Pointer(&program[0]))), license: uint64(uintptr(unsafe.Pointer(&license[0]))),
	}
	fd, _, errno := unix.Syscall(unix.SYS_BPF, unix.BPF_PROG_LOAD, uintptr(unsafe.Pointer(&attributes)), unsafe.Sizeof(attributes))
	runtime.KeepAlive(program)
	runtime.KeepAlive(license)
	if errno != 0 {
		return fmt.Errorf("load XDP program: %w", errno)
	}
	defer unix.Close(int(fd))
	link, err := netlink.LinkByName("eth0")
	if err != nil {
		return err
	}
	const generic = 1 << 1 // XDP_FLAGS_SKB_MODE
	return netlink.LinkSetXdpFdWithFlags(link, int(fd), generic)
}
