package sandbox_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/cmd/internal/daemon/sandbox"
	"github.com/pmtud/pmtud/cmd/internal/lab/rig"
	"github.com/pmtud/pmtud/pipeline"
)

// probe is the path of the probe, set by TestMain.
var probe string

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	if probe = rig.Built("probe"); probe != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "probe")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil { // for other users
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	probe = filepath.Join(dir, "probe")
	c := exec.Command("go", "build", "-o", probe, "./testdata/probe")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build probe: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// task and result are those of the probe.
type task struct {
	Plan sandbox.Plan
	Mode sandbox.Mode
	User string

	Etc    string
	LookUp []string

	Read, Write, Remove, Empty []string
	Sockets, Streams           []int
	Listen, Connect            []string
	Execute                    []string
	Signal                     int
	Wanted                     sandbox.Plan

	NoCalls               []uint32
	NoErrata, OtherFilter bool
	Without               []string
	Do                    string
	Unprivileged          bool
}

type result struct {
	Error        string
	Report       sandbox.Report
	UID          int
	Effective    uint32
	Bounding     bool
	BoundingRaw  bool
	NoNewPrivs   int
	Tried        map[string]string
	OtherThreads string

	Users                      map[string]sandbox.User
	Lacks, NotWritable, Denied []string
}

// run runs the probe in namespaces of its own for network and mounts, in which it has
// all capabilities. The system may forbid those, but nothing that the probe does.
func run(t *testing.T, do task) (r result) {
	t.Helper()
	input, err := json.Marshal(do)
	if err != nil {
		t.Fatal(err)
	}
	var output, stderr bytes.Buffer
	c := exec.Command(probe)
	c.Stdin, c.Stdout, c.Stderr = bytes.NewReader(input), &output, &stderr
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		c.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		c.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		c.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	if err := c.Start(); err != nil {
		skipOrFail(t, fmt.Errorf("start probe in namespaces of its own: %w", err))
	}
	if err := c.Wait(); err != nil {
		t.Fatalf("run probe: %v: %s", err, &stderr)
	}
	if err := json.Unmarshal(output.Bytes(), &r); err != nil {
		t.Fatalf("read what the probe says: %v: %q", err, &output)
	}
	return r
}

// skipOrFail skips the test where the system forbids what it needs, but not in CI.
func skipOrFail(t *testing.T, err error) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(err)
	}
	t.Skip(err)
}

// folders makes a folder to read, one to write, and one that nobody names, each
// with a file, for every user.
func folders(t *testing.T) (read, write, other string) {
	t.Helper()
	root := t.TempDir()
	for _, dir := range []string{root, filepath.Dir(root)} { // what TempDir has made
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	dirs := []string{"read", "write", "other"}
	for i, name := range dirs {
		dirs[i] = filepath.Join(root, name)
		err := os.Mkdir(dirs[i], 0o700)
		if err == nil {
			err = os.WriteFile(filepath.Join(dirs[i], "file"), nil, 0o600)
		}
		if err == nil {
			err = os.Chmod(filepath.Join(dirs[i], "file"), 0o666)
		}
		if err == nil {
			err = os.Chmod(dirs[i], 0o777)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dirs[0], dirs[1], dirs[2]
}

const (
	denied      = "permission denied"
	unsupported = "address family not supported by protocol"
	noProtocol  = "protocol not supported"
	unreachable = "network is unreachable"
)

func TestEnter(t *testing.T) {
	read, write, other := folders(t)
	if err := os.WriteFile(other+"/single", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := run(t, task{
		Plan: sandbox.Plan{
			Capabilities: []string{"CAP_NET_RAW"},
			Families:     []string{"AF_PACKET", "AF_INET"},
			Read:         []string{read, filepath.Join(other, "missing"), filepath.Join(other, "single")},
			Write:        []string{write},
			Listen:       []uint16{9342},
			Connect:      []uint16{53},
		},
		Mode:    most(),
		Read:    []string{read + "/file", write + "/file", other + "/file", "/etc/passwd", read, other, other + "/single"},
		Write:   []string{read + "/new", write + "/new", other + "/file"},
		Remove:  []string{read + "/file", write + "/new"},
		Empty:   []string{read + "/file", write + "/file"},
		Sockets: []int{unix.AF_PACKET, unix.AF_INET, unix.AF_UNIX, unix.AF_NETLINK, unix.AF_INET6, unix.AF_ALG},
		Streams: []int{0, unix.IPPROTO_TCP, unix.IPPROTO_MPTCP, unix.IPPROTO_SCTP},
		Listen:  []string{"127.0.0.1:9342", "127.0.0.1:9343"},
		Connect: []string{"127.0.0.1:53", "127.0.0.1:54", "127.0.0.1:9342"},
	})
	want := result{
		Report: sandbox.Report{
			Capabilities: []string{"CAP_NET_RAW"},
			Files:        files(), Calls: "seccomp", Remains: r.Report.Remains,
		},
		UID: r.UID, Effective: 1 << unix.CAP_NET_RAW, NoNewPrivs: 1, BoundingRaw: true,
		Tried: onThisKernel(map[string]string{
			"read " + other + "/single": "",
			"read " + read:              "is a directory", "read " + other: denied, // to list it
			"read " + read + "/file": "", "read " + write + "/file": "",
			"read " + other + "/file": denied, "read /etc/passwd": denied,
			"write " + read + "/new": denied, "write " + write + "/new": "", "write " + other + "/file": denied,
			"empty " + read + "/file": denied, "empty " + write + "/file": "",
			"remove " + read + "/file": denied, "remove " + write + "/new": "",
			"socket 17": "", "socket 2": "", "socket 1": unsupported,
			"socket 16": unsupported, "socket 10": unsupported, "socket 38": unsupported,
			"stream 0": "", "stream 6": "", "stream 262": noProtocol, "stream 132": noProtocol,
			"listen 127.0.0.1:9342": "", "listen 127.0.0.1:9343": denied,
			// The interface is down there, so that nothing more comes of what is allowed.
			"connect 127.0.0.1:53": unreachable, "connect 127.0.0.1:54": denied, "connect 127.0.0.1:9342": denied,
		}),
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	if r.UID == 0 && !slices.Contains(r.Report.Remains, rootRemains) {
		t.Errorf("remains %q", r.Report.Remains)
	}
}

// rootRemains is what remains of being root.
const rootRemains = "to read and replace root's files where it may read and write"

// TestEnterAsUser becomes nobody and keeps a capability.
func TestEnterAsUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can become another user")
	}
	read, write, other := folders(t)
	r := run(t, task{
		User: "nobody",
		Plan: sandbox.Plan{
			Capabilities: []string{"CAP_NET_RAW"}, Families: []string{"AF_PACKET"},
			Read: []string{read}, Write: []string{write},
		},
		Mode:    sandbox.Auto,
		Read:    []string{read + "/file", other + "/file"},
		Write:   []string{write + "/new"},
		Sockets: []int{unix.AF_PACKET, unix.AF_NETLINK},
	})
	want := result{
		Report: sandbox.Report{
			User: "nobody", Capabilities: []string{"CAP_NET_RAW"},
			Files: files(), Calls: "seccomp", Remains: r.Report.Remains,
		},
		UID: 65534, Effective: 1 << unix.CAP_NET_RAW, NoNewPrivs: 1, BoundingRaw: true,
		Tried: onThisKernel(map[string]string{
			"read " + read + "/file": "", "read " + other + "/file": denied, "write " + write + "/new": "",
			"socket 17": "", "socket 16": unsupported,
		}),
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	if slices.Contains(r.Report.Remains, rootRemains) {
		t.Errorf("remains %q", r.Report.Remains)
	}
}

// TestEnterWithoutLandlock wants the report to say what remains, and seccomp to do its part.
func TestEnterWithoutLandlock(t *testing.T) {
	read, _, other := folders(t)
	do := task{
		Plan: sandbox.Plan{Families: []string{"AF_INET"}, Read: []string{read}}, Mode: sandbox.Auto, NoCalls: []uint32{unix.SYS_LANDLOCK_CREATE_RULESET},
		Read: []string{other + "/file"}, Sockets: []int{unix.AF_UNIX}, Listen: []string{"127.0.0.1:9343"},
	}
	r := run(t, do)
	wantTried := map[string]string{"read " + other + "/file": "", "socket 1": unsupported, "listen 127.0.0.1:9343": denied}
	if diff := cmp.Diff(wantTried, r.Tried); diff != "" {
		t.Errorf("tried (-want +got):\n%s", diff)
	}
	remains := r.Report.Remains
	if r.Report.Files != "not confined: the kernel has no Landlock" || len(remains) < 2 ||
		remains[0] != "to open all files of its user" || remains[1] != "to use all TCP ports" {
		t.Errorf("report %+v", r.Report)
	}
	if attrs := fmt.Sprint(r.Report.Attrs()...); !strings.Contains(attrs, "to open all files of its user, to use all TCP ports") {
		t.Errorf("the log does not tell what remains: %s", attrs)
	}
	do.Mode = sandbox.Required
	if r := run(t, do); r.Error != "confine files: the kernel has no Landlock" {
		t.Errorf("error %q", r.Error)
	}
}

// TestEnterWithDestinations keeps what a stage's destinations take, and says of UDP what no
// kernel confines.
func TestEnterWithDestinations(t *testing.T) {
	for name, tc := range map[string]struct {
		needs   pipeline.Needs
		tried   map[string]string
		remains bool
	}{
		"TCP": {
			pipeline.Needs{TCP: []string{"127.0.0.1:443"}},
			map[string]string{
				"connect 127.0.0.1:443": unreachable, "connect 127.0.0.1:444": denied, "connect 127.0.0.1:53": denied, "connect [::1]:443": unsupported,
				"stream 0": "", "socket 2": unsupported, "socket 10": unsupported,
			},
			false,
		},
		"UDP": {
			pipeline.Needs{UDP: []string{"[::1]:514"}},
			map[string]string{
				"connect 127.0.0.1:443": unsupported, "connect 127.0.0.1:444": unsupported, "connect 127.0.0.1:53": unsupported, "connect [::1]:443": denied,
				"stream 0": unsupported, "socket 2": unsupported, "socket 10": "",
			},
			true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			do := task{
				Mode: most(), Sockets: []int{unix.AF_INET, unix.AF_INET6}, Streams: []int{0},
				Connect: []string{"127.0.0.1:443", "127.0.0.1:444", "127.0.0.1:53", "[::1]:443"},
			}
			if err := do.Plan.Add(tc.needs); err != nil {
				t.Fatal(err)
			}
			r := run(t, do)
			if diff := cmp.Diff(onThisKernel(tc.tried), r.Tried); r.Error != "" || diff != "" {
				t.Errorf("error %q, tried (-want +got):\n%s", r.Error, diff)
			}
			if slices.Contains(r.Report.Remains, "to send UDP to all addresses") != tc.remains {
				t.Errorf("remains %q", r.Report.Remains)
			}
		})
	}
}

func TestEnterOff(t *testing.T) {
	_, _, other := folders(t)
	r := run(t, task{Mode: sandbox.Off, Read: []string{other + "/file"}, Sockets: []int{unix.AF_NETLINK}})
	if r.Error != "" || r.NoNewPrivs != 0 || !r.Bounding || r.Tried["read "+other+"/file"] != "" || r.Tried["socket 16"] != "" {
		t.Errorf("result %+v", r)
	}
}

func TestEnterRefuses(t *testing.T) {
	for _, tc := range []struct {
		name string
		task task
		want string
	}{
		{"capability", task{Plan: sandbox.Plan{Capabilities: []string{"CAP_FLY"}}, Mode: sandbox.Auto}, "keep capability CAP_FLY"},
		{"family", task{Plan: sandbox.Plan{Families: []string{"AF_PIGEON"}}, Mode: sandbox.Required}, requiredError("confine system calls: unknown address family AF_PIGEON")},
		{"protocol of netlink", task{
			Plan: sandbox.Plan{Families: []string{"AF_NETLINK"}, Netlink: []string{"NETLINK_PIGEON"}}, Mode: sandbox.Required,
		}, requiredError("confine system calls: unknown protocol of netlink NETLINK_PIGEON")},
		{"user", task{User: "no-such-user", Mode: sandbox.Auto}, "find user "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if r := run(t, tc.task); len(r.Error) < len(tc.want) || r.Error[:len(tc.want)] != tc.want {
				t.Errorf("error %q, want %q", r.Error, tc.want)
			}
		})
	}
}
