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
	text := readFile(t, "../configs/container/Dockerfile")
	find := func(pattern string) string {
		t.Helper()
		match := regexp.MustCompile("(?m)" + pattern).FindStringSubmatch(text)
		if match == nil {
			t.Fatalf("Dockerfile has no %s", pattern)
		}
		return match[1]
	}
	from, to := find(`^COPY --from=build (\S+) \S+$`), find(`^COPY --from=build \S+ (\S+)$`)
	entry := find(`^ENTRYPOINT \["(\S+)"\]$`)

	arguments := strings.ReplaceAll(find("^RUN make (.*)$"), "$TARGETARCH", "amd64")
	command := exec.Command("make", append(strings.Fields(arguments), "--dry-run")...)
	command.Dir = ".."
	out, err := command.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "CGO_ENABLED=0 ") || !strings.Contains(string(out), " -o "+from+" ") {
		t.Errorf("%v does not make %s: %v\n%s", command.Args, from, err, out)
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
