package sandbox_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/daemon/sandbox"
	"github.com/pmtud/pmtud/pipeline"
)

func TestPlan(t *testing.T) {
	var p sandbox.Plan
	for range 2 { // the same again adds nothing
		p.Add(pipeline.Needs{
			Capabilities: []string{"CAP_NET_RAW"},
			Families:     []string{"AF_PACKET"},
			Files: []pipeline.File{
				{Path: "/srv/captures/a.pcap"},
				{Path: "/srv/2026-*/edge/*.pcap"},
				{Path: "/var/lib/pmtud/a.pcap", Writes: true},
			},
		})
		p.Add(pipeline.Needs{Families: []string{"AF_INET"}, Hosts: []string{"192.0.2.1"}})
		p.AddListener(9342)
	}
	want := sandbox.Plan{
		Capabilities: []string{"CAP_NET_RAW"},
		Families:     []string{"AF_PACKET", "AF_INET", "AF_INET6"},
		Read:         []string{"/srv/captures", "/srv"},
		Write:        []string{"/var/lib/pmtud"},
		Files:        []string{"/srv/captures/a.pcap"},
		Listen:       []uint16{9342},
		Connect:      []uint16{53},
	}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
}

// TestPlanFollowsLinks reads what a link leads to, as a ConfigMap's files are.
func TestPlanFollowsLinks(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		os.Mkdir(filepath.Join(dir, "real"), 0o755),
		os.Mkdir(filepath.Join(dir, "links"), 0o755),
		os.WriteFile(filepath.Join(dir, "real", "pmtud.yaml"), nil, 0o600),
		os.Symlink(filepath.Join(dir, "real", "pmtud.yaml"), filepath.Join(dir, "links", "pmtud.yaml")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	var p sandbox.Plan
	p.AddFile(filepath.Join(dir, "links", "pmtud.yaml"))
	want := []string{filepath.Join(dir, "links"), filepath.Join(dir, "real")}
	if diff := cmp.Diff(want, p.Read); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
}

// TestPlanFollowsLinksOfFolders reads beside what a link leads to, for tomorrow it leads to
// a neighbour; but not all of the host.
func TestPlanFollowsLinksOfFolders(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	for _, err := range []error{
		os.MkdirAll("versions/1/edge", 0o755),
		os.WriteFile("versions/1/edge/pmtud.yaml", nil, 0o600),
		os.Symlink("versions/1", "current"),
		os.Symlink("/", "root"),
		os.Symlink("later/run/stub.conf", "resolv.conf"),
		os.Symlink(dir+"/resolv.conf", "versions/1/resolv.conf"),
		os.Symlink("/nowhere/stub.conf", "nowhere.conf"),
		os.Symlink("circle.conf", "circle.conf"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, tc := range map[string]struct {
		path string
		want []string
	}{
		"absolute": {dir + "/current/edge/pmtud.yaml", []string{dir + "/current/edge", dir + "/versions", dir + "/versions/1/edge"}},
		"relative": {"current/edge/pmtud.yaml", []string{"current/edge", "versions", "versions/1/edge"}},
		"root":     {"root/" + dir + "/versions/1/edge/pmtud.yaml", []string{"root" + dir + "/versions/1/edge", dir + "/versions/1/edge"}},
		"missing":  {"current/none/pmtud.yaml", []string{"current/none", "versions"}},

		"made later":             {"resolv.conf", []string{"."}},
		"made later, links":      {dir + "/versions/1/resolv.conf", []string{dir + "/versions/1", dir}},
		"made later in the root": {dir + "/nowhere.conf", []string{dir}},
		"a link to itself":       {dir + "/circle.conf", []string{dir}},
	} {
		t.Run(name, func(t *testing.T) {
			var p sandbox.Plan
			p.AddFile(tc.path)
			if diff := cmp.Diff(tc.want, p.Read); diff != "" {
				t.Errorf("read (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLookUp(t *testing.T) {
	root, err := sandbox.LookUp("root")
	if err != nil || root.ID != 0 || root.Group != 0 {
		t.Errorf("root is %+v, %v", root, err)
	}
	unknown, err := sandbox.LookUp("4000000")
	if err != nil || unknown.ID != 4000000 || unknown.Group != 4000000 || len(unknown.Groups) > 0 {
		t.Errorf("4000000 is %+v, %v", unknown, err)
	}
	if u, err := sandbox.LookUp("no-such-user"); err == nil {
		t.Errorf("found %+v", u)
	}
}
