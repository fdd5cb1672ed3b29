package sandbox_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/daemon/sandbox"
)

func TestLacks(t *testing.T) {
	dir := t.TempDir()
	read, write, link := filepath.Join(dir, "read"), filepath.Join(dir, "write"), filepath.Join(dir, "link")
	for _, err := range []error{
		os.MkdirAll(filepath.Join(read, "below"), 0o755), os.Mkdir(write, 0o755), os.Mkdir(read+"2", 0o755), os.Symlink(write, link),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	confined := sandbox.Confined{
		Plan: sandbox.Plan{
			Capabilities: []string{"CAP_NET_RAW"}, Families: []string{"AF_PACKET"},
			Read: []string{read}, Write: []string{write},
		},
		Mode:   sandbox.Auto,
		Report: sandbox.Report{Files: "landlock 5", Calls: "seccomp"},
	}
	all := sandbox.Plan{
		Capabilities: []string{"CAP_NET_RAW", "CAP_NET_ADMIN"}, Families: []string{"AF_PACKET", "AF_UNIX", "AF_INET"},
		Read:  []string{read, read + "/below", read + "/missing", read + "2", dir, write, link},
		Write: []string{write, link, read},
	}
	all.Streams, all.Connect = []string{"AF_INET6", "AF_PACKET"}, []uint16{53, 443}
	confined.Plan.Connect = []uint16{53}
	all.Netlink, confined.Plan.Netlink = []string{"NETLINK_SOCK_DIAG", "NETLINK_NETFILTER"}, []string{"NETLINK_SOCK_DIAG"}
	files := []string{
		"the right to write in " + read, "the right to read in " + read + "2", "the right to read in " + dir,
	}
	rights := []string{"CAP_NET_ADMIN", "AF_UNIX sockets", "AF_INET sockets", "NETLINK_NETFILTER sockets", "AF_INET6 sockets"}
	port := []string{"connections to TCP port 443"}
	for name, tc := range map[string]struct {
		change func(*sandbox.Confined)
		wanted sandbox.Plan
		want   []string
	}{
		"the same": {func(*sandbox.Confined) {}, confined.Plan, nil},
		"more":     {func(*sandbox.Confined) {}, all, slices.Concat(rights, port, files)},
		"Landlock that knows no ports": {
			func(c *sandbox.Confined) { c.Report.Remains = []string{"to use all TCP ports"} }, all, slices.Concat(rights, files),
		},
		"no Landlock": {func(c *sandbox.Confined) { c.Report.Files = "not confined: the kernel has no Landlock" }, all, rights},
		"no seccomp": {
			func(c *sandbox.Confined) { c.Report.Calls = "not confined: seccomp: function not implemented" },
			all, slices.Concat(rights[:1], port, files),
		},
		"off": {func(c *sandbox.Confined) {
			c.Mode, c.Report = sandbox.Off, sandbox.Report{Files: "not confined", Calls: "not confined"}
		}, all, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c := confined
			tc.change(&c)
			if diff := cmp.Diff(tc.want, c.Lacks(tc.wanted)); diff != "" {
				t.Errorf("lacks (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReportAttrs(t *testing.T) {
	for name, tc := range map[string]struct {
		report sandbox.Report
		want   []any
	}{
		"all": {
			sandbox.Report{User: "pmtud", Capabilities: []string{"CAP_NET_RAW", "CAP_NET_ADMIN"}, Files: "landlock 5", Calls: "seccomp", Remains: []string{"to fly", "to sing"}},
			[]any{"user", "pmtud", "capabilities", "cap_net_raw,cap_net_admin", "files", "landlock 5", "calls", "seccomp", "remains", "to fly, to sing"},
		},
		"one thing": {
			sandbox.Report{Files: "landlock 5", Calls: "seccomp", Remains: []string{"to fly"}},
			[]any{"capabilities", "none", "files", "landlock 5", "calls", "seccomp", "remains", "to fly"},
		},
		"nothing": {
			sandbox.Report{Files: "not confined", Calls: "not confined"},
			[]any{"capabilities", "none", "files", "not confined", "calls", "not confined"},
		},
	} {
		if diff := cmp.Diff(tc.want, tc.report.Attrs()); diff != "" {
			t.Errorf("%s: attributes (-want +got):\n%s", name, diff)
		}
	}
}
