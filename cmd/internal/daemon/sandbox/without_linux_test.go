package sandbox_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/cmd/internal/daemon/sandbox"
)

// TestEnterWithoutSeccomp has a kernel without it, and a thread that keeps a filter from
// being one of all threads.
func TestEnterWithoutSeccomp(t *testing.T) {
	for name, tc := range map[string]struct {
		task task
		want string
	}{
		"not in the kernel":   {task{NoCalls: []uint32{unix.SYS_SECCOMP}}, "seccomp: function not implemented"},
		"a thread of its own": {task{OtherFilter: true}, "seccomp: a thread has a filter of its own"},
	} {
		t.Run(name, func(t *testing.T) {
			do := tc.task
			do.Mode, do.Sockets = sandbox.Auto, []int{unix.AF_UNIX}
			r := run(t, do)
			if r.Error != "" || r.Report.Calls != "not confined: "+tc.want || r.Tried["socket 1"] != "" || r.NoNewPrivs != 1 {
				t.Errorf("result %+v", r)
			}
			const remains = "to make sockets of every kind, to run programs, to change what files are allowed"
			if !slices.Contains(r.Report.Remains, remains) {
				t.Errorf("remains %q", r.Report.Remains)
			}
			do.Mode = sandbox.Required
			if r := run(t, do); r.Error != requiredError("confine system calls: "+tc.want) {
				t.Errorf("required: error %q", r.Error)
			}
		})
	}
}

// TestEnterWithLandlockAlone executes files and sends a signal, which seccomp refuses too.
func TestEnterWithLandlockAlone(t *testing.T) {
	read, write, _ := folders(t)
	files := []string{read + "/file", write + "/file"}
	for _, file := range files {
		if err := os.Chmod(file, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for name, tc := range map[string]struct {
		noErrata bool
		signal   string
	}{
		"this kernel":                       {false, refusedSignal()},
		"signals between threads are taken": {true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, task{
				NoCalls: []uint32{unix.SYS_SECCOMP}, NoErrata: tc.noErrata, Mode: sandbox.Auto,
				Plan: sandbox.Plan{Read: []string{read}, Write: []string{write}}, Execute: files, Signal: os.Getpid(),
			})
			want := onThisKernel(map[string]string{"execute " + files[0]: denied, "execute " + files[1]: denied, "signal": tc.signal})
			if diff := cmp.Diff(want, r.Tried); r.Error != "" || diff != "" {
				t.Errorf("error %q, tried (-want +got):\n%s", r.Error, diff)
			}
		})
	}
}

// TestEnterFails has a kernel that refuses a step on the way.
func TestEnterFails(t *testing.T) {
	for name, tc := range map[string]struct {
		task task
		want string
	}{
		"bounding set": {task{NoCalls: []uint32{unix.SYS_PRCTL}}, "drop capabilities from the bounding set: function not implemented"},
		"capabilities": {task{NoCalls: []uint32{unix.SYS_CAPSET}}, "drop capabilities: function not implemented"},
		"no_new_privs": {
			task{NoCalls: []uint32{unix.SYS_PRCTL}, Without: []string{"cap_setpcap"}}, "set no_new_privs: function not implemented",
		},
	} {
		t.Run(name, func(t *testing.T) {
			tc.task.Mode = sandbox.Auto
			if r := run(t, tc.task); r.Error != tc.want {
				t.Errorf("error %q, want %q", r.Error, tc.want)
			}
		})
	}
}

// TestEnterWhereLandlockFails has a kernel whose Landlock refuses the rules.
func TestEnterWhereLandlockFails(t *testing.T) {
	if landlock() == 0 {
		t.Skip(noLandlock)
	}
	do := task{NoCalls: []uint32{unix.SYS_LANDLOCK_RESTRICT_SELF}, Mode: sandbox.Auto}
	r := run(t, do)
	const why = "landlock_restrict_self: function not implemented"
	if r.Error != "" || !strings.HasPrefix(r.Report.Files, "not confined: ") || !strings.HasSuffix(r.Report.Files, why) {
		t.Errorf("error %q, report %+v", r.Error, r.Report)
	}
	if !slices.Contains(r.Report.Remains, "to open all files of its user") {
		t.Errorf("remains %q", r.Report.Remains)
	}
	do.Mode = sandbox.Required
	if r := run(t, do); !strings.HasPrefix(r.Error, "confine files: ") || !strings.HasSuffix(r.Error, why) {
		t.Errorf("required: error %q", r.Error)
	}
}

// TestEnterWithoutRights lacks capabilities from the beginning.
func TestEnterWithoutRights(t *testing.T) {
	t.Run("to become another user", func(t *testing.T) {
		for capability, want := range map[string]string{
			"cap_setgid": "take the groups of user 4000000: operation not permitted",
			"cap_setuid": "become user 4000000: operation not permitted",
		} {
			if capability == "cap_setuid" && os.Getuid() != 0 {
				continue // a user namespace has one group, so that this fails before
			}
			if r := run(t, task{Without: []string{capability}, User: "4000000", Mode: sandbox.Off}); r.Error != want {
				t.Errorf("without %s: error %q, want %q", capability, r.Error, want)
			}
		}
	})
	t.Run("to drop rights for good", func(t *testing.T) {
		r := run(t, task{Without: []string{"cap_setpcap"}, Mode: sandbox.Auto})
		if r.Error != "" || !r.Bounding || r.NoNewPrivs != 1 || r.Effective != 0 {
			t.Errorf("result %+v", r)
		}
	})
	t.Run("that it is to keep", func(t *testing.T) {
		r := run(t, task{
			Without: []string{"cap_net_raw"}, Mode: sandbox.Auto,
			Plan: sandbox.Plan{Capabilities: []string{"CAP_NET_RAW", "CAP_NET_ADMIN"}},
		})
		if diff := cmp.Diff([]string{"CAP_NET_ADMIN"}, r.Report.Capabilities); r.Error != "" || diff != "" || r.Effective != 1<<unix.CAP_NET_ADMIN {
			t.Errorf("error %q, effective %x, capabilities (-want +got):\n%s", r.Error, r.Effective, diff)
		}
	})
}

// TestDoWithoutRights wants nothing to be done with another user's rights by halves.
func TestDoWithoutRights(t *testing.T) {
	const self, another = "0", "4000000"
	for name, tc := range map[string]struct {
		as      string
		without []string
		want    string
	}{
		"all rights":    {another, nil, ""},
		"no groups":     {another, []string{"cap_setgid"}, "take the rights of user 4000000: operation not permitted"},
		"no other user": {another, []string{"cap_setuid"}, "take the rights of user 4000000: operation not permitted"},
		"the same user": {self, []string{"cap_setgid", "cap_setuid"}, ""},
	} {
		if name == "all rights" && os.Getuid() != 0 {
			continue // a user namespace has one user
		}
		r := run(t, task{Without: tc.without, Do: tc.as, Mode: sandbox.Off})
		if got, tried := r.Tried["do as "+tc.as]; !tried || got != tc.want {
			t.Errorf("%s: %q, want %q; %+v", name, got, tc.want, r)
		}
	}
}

// TestDoAsOwner reads a file that only the other user and a group may read.
func TestDoAsOwner(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give files away")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	const id, other = 4000000, 4000001
	for _, err := range []error{
		os.Chmod(filepath.Dir(dir), 0o755), os.Chmod(dir, 0o755), // what TempDir has made
		os.WriteFile(file, nil, 0o600), os.Chown(file, id, id), os.Chmod(file, 0o440),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, tc := range map[string]struct {
		user sandbox.User
		may  bool
	}{
		"owner":              {sandbox.User{ID: id, Group: other}, true},
		"of the group":       {sandbox.User{ID: other, Group: id}, true},
		"also of the group":  {sandbox.User{ID: other, Group: other, Groups: []int{other, id}}, true},
		"of no group of its": {sandbox.User{ID: other, Group: other, Groups: []int{other}}, false},
	} {
		var err error
		if failed := tc.user.Do(func() { _, err = os.ReadFile(file) }); failed != nil || (err == nil) != tc.may {
			t.Errorf("%s: %v, read: %v", name, failed, err)
		}
	}
	many := sandbox.User{ID: id, Group: id, Groups: make([]int, 1<<16+1)} // one more than NGROUPS_MAX
	if err := many.Do(func() { t.Error("done with some of the groups") }); !errors.Is(err, unix.EINVAL) {
		t.Errorf("too many groups: %v", err)
	}
}

func TestOwns(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	self := sandbox.User{ID: os.Geteuid()}
	another := sandbox.User{ID: os.Geteuid() + 1}
	root := sandbox.User{}
	if !self.Owns(file) || another.Owns(file) || self.Owns(file+"2") || root.Owns(file+"2") {
		t.Error("a file belongs to another user, or a missing one to somebody")
	}
}

func TestUnprivileged(t *testing.T) {
	nobody := sandbox.User{Name: "nobody", ID: 99, Group: 98}
	for name, tc := range map[string]struct {
		passwd string
		want   sandbox.User
	}{
		"pmtud":         {"nobody:x:99:98::/:\npmtud:x:1:2::/:\n", sandbox.User{Name: "pmtud", ID: 1, Group: 2}},
		"pmtud is root": {"nobody:x:99:98::/:\npmtud:x:0:2::/:\n", nobody},
		"no pmtud":      {"nobody:x:99:98::/:\n", nobody},
		"nobody at all": {"root:x:0:0::/:\n", sandbox.User{Name: "nobody", ID: 65534, Group: 65534}},
		"no list":       {"", sandbox.User{Name: "nobody", ID: 65534, Group: 65534}},
	} {
		t.Run(name, func(t *testing.T) {
			etc := t.TempDir()
			for file, text := range map[string]string{"passwd": tc.passwd, "group": ""} {
				if err := os.WriteFile(filepath.Join(etc, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			r := run(t, task{Etc: etc, Unprivileged: true, Mode: sandbox.Off})
			if diff := cmp.Diff(map[string]sandbox.User{"unprivileged": tc.want}, r.Users); r.Error != "" || diff != "" {
				t.Errorf("error %q, user (-want +got):\n%s", r.Error, diff)
			}
		})
	}
}

func TestRemainsWithout(t *testing.T) {
	const files, truncate, ports = "to open all files of its user", "to empty its user's files where it may read", "to use all TCP ports"
	for version, want := range [][]string{{files, ports}, {truncate, ports}, {truncate, ports}, {ports}, nil, nil} {
		if diff := cmp.Diff(want, sandbox.RemainsWithout(version)); diff != "" {
			t.Errorf("version %d (-want +got):\n%s", version, diff)
		}
	}
}

// TestLacksByRelativePath has a path that is not absolute, as one of a configuration may be.
func TestLacksByRelativePath(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.Mkdir("captures", 0o755); err != nil {
		t.Fatal(err)
	}
	confined := sandbox.Confined{
		Plan: sandbox.Plan{Read: []string{dir}, Write: []string{filepath.Join(dir, "captures")}},
		Mode: sandbox.Auto, Report: sandbox.Report{Files: "landlock 6"},
	}
	lacks := confined.Lacks(sandbox.Plan{Read: []string{"captures", ".", ".."}, Write: []string{"captures", "."}})
	want := []string{"the right to write in .", "the right to read in .."}
	if diff := cmp.Diff(want, lacks); diff != "" {
		t.Errorf("lacks (-want +got):\n%s", diff)
	}

	// The folder in which the process works may go.
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	confined.Plan.Read = []string{"other"}
	lacks = confined.Lacks(sandbox.Plan{Read: []string{"other", "captures"}})
	if diff := cmp.Diff([]string{"the right to read in captures"}, lacks); diff != "" {
		t.Errorf("lacks in a folder that is gone (-want +got):\n%s", diff)
	}
}

// TestMayNotOpen asks often, which leaves nothing open.
func TestMayNotOpen(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	descriptors := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	before := descriptors()
	for range 100 {
		if sandbox.MayNotOpen(file) || sandbox.MayNotOpen(file+"2") {
			t.Fatal("a file of one's own, or one that is missing, may not be opened")
		}
	}
	if after := descriptors(); after >= before+100 {
		t.Errorf("%d descriptors, %d before", after, before)
	}
}
