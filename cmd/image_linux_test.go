package cmd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestImage does what the Dockerfile says, without its engine: it makes a directory
// that holds the program and nothing else, and runs it there.
func TestImage(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	text := readFile(t, "../configs/container/Dockerfile")
	find := func(pattern string) string {
		t.Helper()
		match := regexp.MustCompile("(?m)" + pattern).FindStringSubmatch(text)
		if match == nil {
			t.Fatalf("Dockerfile has no %s", pattern)
		}
		return match[1]
	}
	from, to := find(`^COPY (\S+) \S+$`), find(`^COPY \S+ (\S+)$`)
	entry := find(`^ENTRYPOINT \["(\S+)"\]$`)
	if find("^FROM (.*)$") != "scratch" {
		t.Error("the image has a base image, whose digest nobody checks")
	}

	release, sent := readFile(t, "../.ci/release"), readFile(t, "../configs/container/Dockerfile.dockerignore")
	if !strings.Contains(release, strings.ReplaceAll(from, "$TARGETARCH", "$arch")) {
		t.Errorf(".ci/release does not make %s", from)
	}
	if kept, ok := strings.CutSuffix(strings.TrimSpace(sent[strings.LastIndex(sent, "!")+1:]), "*"); !ok || !strings.HasPrefix(from, kept) {
		t.Errorf("%s is not sent to the engine, only %s", from, kept)
	}

	root := t.TempDir()
	if err := os.Link(program, filepath.Join(root, to)); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(entry, "--iface", "lo")
	c.Env = []string{} // nor has it any of ours
	c.Dir = "/"
	c.SysProcAttr = ownNamespaces(t)
	c.SysProcAttr.Chroot = root
	p := start(t, c)
	p.await("msg=ready")
	p.signal(unix.SIGTERM)
	if status := p.end(); status != 0 {
		t.Errorf("exit status %d:\n%s", status, p.log())
	}
}
