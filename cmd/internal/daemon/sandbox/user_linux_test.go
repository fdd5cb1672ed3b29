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

// TestLookUpInFiles looks up users where the host's files are those of the test.
func TestLookUpInFiles(t *testing.T) {
	etc := t.TempDir()
	for name, content := range map[string]string{
		"passwd": "root:x:0:0::/root:/bin/sh\npmtud:x:990:980::/:/bin/false\n1234:x:77:88::/:/bin/false\n" +
			"lonely:x:5:6::/:/bin/false\nbig:x:4294967294:4294967293::/:/bin/false\n",
		"group": "root:x:0:\npmtud:x:980:pmtud\nwheel:x:10:root,pmtud\nadm:x:4:pmtud\nother:x:11:root\n",
	} {
		if err := os.WriteFile(filepath.Join(etc, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	names := []string{"pmtud", "990", "0", "1234", "77", "lonely", "big", "4000000", "0012", "00", "-1", "nobody-here", ""}
	r := run(t, task{Etc: etc, LookUp: names, Mode: sandbox.Off})
	if r.Error != "" {
		t.Fatal(r.Error)
	}
	pmtud := sandbox.User{Name: "pmtud", ID: 990, Group: 980, Groups: []int{10, 4}}
	users := map[string]sandbox.User{
		"pmtud": pmtud, "990": pmtud,
		"0":      {Name: "root", ID: 0, Group: 0, Groups: []int{10, 11}},
		"1234":   {Name: "1234", ID: 77, Group: 88}, // a name first
		"77":     {Name: "1234", ID: 77, Group: 88},
		"lonely": {Name: "lonely", ID: 5, Group: 6},
		"big":    {Name: "big", ID: 4294967294, Group: 4294967293},
		// Numbers that no user has.
		"4000000": {Name: "4000000", ID: 4000000, Group: 4000000},
		"0012":    {Name: "0012", ID: 12, Group: 12},
		"00":      {Name: "00"},
	}
	if diff := cmp.Diff(users, r.Users); diff != "" {
		t.Errorf("users (-want +got):\n%s", diff)
	}
	refused := map[string]string{
		"look up -1":          `find user "-1": there is none of that name or number`,
		"look up nobody-here": `find user "nobody-here": there is none of that name or number`,
		"look up ":            `find user "": there is none of that name or number`,
	}
	if diff := cmp.Diff(refused, r.Tried); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
}

// TestLookUpWithoutGroups has no list of groups.
func TestLookUpWithoutGroups(t *testing.T) {
	etc := t.TempDir()
	if err := os.WriteFile(filepath.Join(etc, "passwd"), []byte("pmtud:x:990:980::/:/bin/false\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := run(t, task{Etc: etc, LookUp: []string{"pmtud"}, Mode: sandbox.Off})
	want := map[string]string{"look up pmtud": "find groups of user: open /etc/group: no such file or directory"}
	if diff := cmp.Diff(want, r.Tried); r.Error != "" || r.Users != nil || diff != "" {
		t.Errorf("error %q, users %v, refused (-want +got):\n%s", r.Error, r.Users, diff)
	}
}

// TestLacksOfAUser asks what a process lacks that has become another user: where that one
// may not write, by the rights of files alone or by Landlock.
func TestLacksOfAUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can become another user")
	}
	read, write, other := folders(t)
	root, free, nobodys := filepath.Join(other, "root"), filepath.Join(other, "free"), filepath.Join(other, "nobodys")
	for dir, mode := range map[string]os.FileMode{root: 0o755, free: 0o777, nobodys: 0o755} {
		if err := os.Mkdir(dir, mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(nobodys, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	wanted := sandbox.Plan{
		Capabilities: []string{"CAP_NET_RAW", "CAP_NET_ADMIN"}, Families: []string{"AF_PACKET", "AF_UNIX", "AF_INET"},
		Read: []string{read, free}, Write: []string{write, root, free, nobodys},
	}
	rights := []string{"CAP_NET_ADMIN", "AF_UNIX sockets", "AF_INET sockets"}
	byLandlock := func(lacks ...string) []string {
		if landlock() == 0 {
			return nil
		}
		return lacks
	}
	for name, tc := range map[string]struct {
		user        string
		mode        sandbox.Mode
		lacks       []string
		notWritable []string
	}{
		"nobody": {
			"nobody", most(),
			slices.Concat(rights, []string{"the right to write in " + root}, byLandlock("the right to write in "+free, "the right to read in "+free)),
			[]string{root},
		},
		"nobody, not confined": {"nobody", sandbox.Off, []string{"the right to write in " + root}, []string{root}},
		// Without CAP_DAC_OVERRIDE it may not write in nobody's folder, but it gave up no user.
		"root": {
			"", most(),
			slices.Concat(rights, byLandlock("the right to write in "+free, "the right to read in "+free)), nil,
		},
		"root, not confined": {"", sandbox.Off, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, task{
				User: tc.user, Mode: tc.mode, Wanted: wanted, Sockets: []int{unix.AF_UNIX},
				Plan: sandbox.Plan{
					Capabilities: []string{"CAP_NET_RAW"}, Families: []string{"AF_PACKET"},
					Read: []string{read}, Write: []string{write, root, nobodys},
				},
			})
			if r.Error != "" {
				t.Fatal(r.Error)
			}
			if diff := cmp.Diff(tc.lacks, r.Lacks); diff != "" {
				t.Errorf("lacks (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.notWritable, r.NotWritable); diff != "" {
				t.Errorf("not writable (-want +got):\n%s", diff)
			}
		})
	}
}

// TestDo does something with another user's rights to files, and with one's own.
func TestDo(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	for _, d := range []string{filepath.Dir(dir), dir} { // what TempDir has made
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	may := func() bool {
		f, err := os.Open(file)
		if err == nil {
			f.Close()
		}
		return err == nil
	}
	self := sandbox.User{Name: "self", ID: os.Geteuid(), Group: os.Getegid()}
	another := sandbox.User{Name: "another", ID: os.Geteuid() + 1, Group: os.Getegid() + 1}
	for _, tc := range []struct {
		user sandbox.User
		may  bool
	}{{self, true}, {another, false}, {self, true}} {
		did, could := false, false
		err := tc.user.Do(func() { did, could = true, may() })
		if os.Geteuid() != 0 && tc.user.ID != self.ID {
			if did || !errors.Is(err, unix.EPERM) || !strings.HasPrefix(err.Error(), "take the rights of user another: ") {
				t.Errorf("without rights to become %s: %v, done: %v", tc.user.Name, err, did)
			}
			continue
		}
		if err != nil || !did || could != tc.may {
			t.Errorf("as %s: %v, done: %v, may read the file: %v, want %v", tc.user.Name, err, did, could, tc.may)
		}
	}
	if !may() {
		t.Error("the process has lost its rights")
	}
}

// TestDenied has files and folders of the plan that the process may not open: by their
// rights, as another user, or by Landlock.
func TestDenied(t *testing.T) {
	read, write, other := folders(t)
	private := filepath.Join(other, "private")
	pipe := filepath.Join(other, "pipe")
	if err := os.WriteFile(private, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	byLandlock := []string{other, other + "/file", private}
	if landlock() == 0 {
		byLandlock = nil
	}
	files := []string{read + "/file", read + "/missing", other, other + "/file", private, pipe}
	for name, tc := range map[string]struct {
		user string
		mode sandbox.Mode
		want []string
	}{
		"confined":             {"", most(), byLandlock},
		"not confined":         {"", sandbox.Off, nil},
		"nobody, not confined": {"nobody", sandbox.Off, []string{private}},
	} {
		t.Run(name, func(t *testing.T) {
			if os.Getuid() != 0 && tc.user != "" {
				t.Skip("only root can become another user")
			}
			r := run(t, task{User: tc.user, Mode: tc.mode, Plan: sandbox.Plan{Read: []string{read}, Write: []string{write}, Files: files}})
			if r.Error != "" {
				t.Fatal(r.Error)
			}
			if diff := cmp.Diff(tc.want, r.Denied); diff != "" {
				t.Errorf("denied (-want +got):\n%s", diff)
			}
		})
	}
}
