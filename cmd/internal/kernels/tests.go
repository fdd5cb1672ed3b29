package kernels

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

const module = "github.com/pmtud/pmtud"

// leftOut has the packages that are not run although their tests need namespaces, and why.
var leftOut = map[string]string{
	"cmd":                         "builds programs with Go",
	"cmd/internal/bench":          "measures speed",
	"cmd/internal/bench/soak":     "measures speed",
	"cmd/internal/daemon/monitor": "needs a browser",
	"cmd/internal/lab/rig":        "builds programs with Go",
	"cmd/internal/lab/threat":     "measures speed",
	"filters/flow":                "computes for minutes, and asks the kernel little",
	"filters/sane":                "computes for minutes, and asks the kernel little",
}

// marks are imports of tests that need a kernel.
var marks = []string{
	module + "/pipeline/pipelinetest/netns",
	module + "/cmd/internal/testkit/programtest",
	module + "/cmd/internal/daemon/sandbox",
}

// goPackage is a package as go list prints it.
type goPackage struct {
	ImportPath                string
	TestImports, XTestImports []string
}

// name is the import path within the module.
func (p goPackage) name() string { return strings.TrimPrefix(p.ImportPath, module+"/") }

// wanted reports whether the package's tests need a kernel and can run in a machine.
func (p goPackage) wanted() bool {
	needs := func(name string) bool { return slices.Contains(marks, name) }
	_, out := leftOut[p.name()]
	return !out && (slices.ContainsFunc(p.TestImports, needs) || slices.ContainsFunc(p.XTestImports, needs))
}

// listPackages returns the names of the packages to test.
func listPackages(ctx context.Context, patterns []string) ([]string, error) {
	list := goCommand(ctx, append([]string{"list", "-json=ImportPath,TestImports,XTestImports"}, patterns...)...)
	printed, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("list packages: %w", err)
	}
	var names []string
	for d := json.NewDecoder(bytes.NewReader(printed)); d.More(); {
		var p goPackage
		if err := d.Decode(&p); err != nil {
			return nil, fmt.Errorf("list packages: %w", err)
		}
		if p.wanted() {
			names = append(names, p.name())
		}
	}
	if len(names) == 0 {
		return nil, errors.New("no tests in namespaces in these packages")
	}
	slices.Sort(names)
	return names, nil
}

// buildTests compiles the tests and what they need into an archive in the folder dir, and
// returns its name.
func buildTests(ctx context.Context, c Config, dir string) (string, error) {
	names, err := listPackages(ctx, c.Packages)
	if err != nil {
		return "", err
	}
	archive := filepath.Join(dir, "tests.cpio")
	file, err := os.Create(archive)
	if err != nil {
		return "", fmt.Errorf("create archive: %w", err)
	}
	defer file.Close()
	buffered := bufio.NewWriter(file)
	a := &cpio{w: buffered}
	err = errors.Join(
		a.addRepository(ctx), a.addFolder(builtFolder), a.addFolder(testsFolder),
		a.addBuilt(ctx, dir, "init", "build", "./cmd/pmtud-kernels"),
		a.addBuilt(ctx, dir, path.Join(builtFolder, "pmtud"), "build", "./cmd/pmtud"),
		a.addBuilt(ctx, dir, path.Join(builtFolder, "probe"), "build", "./cmd/internal/daemon/sandbox/testdata/probe"),
	)
	p := plan{Run: c.Run, Packages: names}
	for _, name := range names {
		err = errors.Join(err, a.addBuilt(ctx, dir, binary(name), "test", "-c", "./"+name))
	}
	if err := errors.Join(err, a.addJSON(planFile, p), a.close(), buffered.Flush(), file.Close()); err != nil {
		return "", fmt.Errorf("make archive of tests: %w", err)
	}
	return archive, nil
}

// addBuilt adds what the go command with these arguments builds.
func (c *cpio) addBuilt(ctx context.Context, dir, name, command string, arguments ...string) error {
	path := filepath.Join(dir, "built")
	build := goCommand(ctx, append([]string{command, "-o", path, "-ldflags", "-s -w"}, arguments...)...)
	if said, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w: %s", name, err, bytes.TrimSpace(said))
	}
	return c.addFile(name, path, 0o755)
}

// addRepository adds this module's files: tests read some of them, and run in their folders.
func (c *cpio) addRepository(ctx context.Context) error {
	listed, err := exec.CommandContext(ctx, "git", "ls-files", "-z").Output()
	if err != nil {
		return fmt.Errorf("list the repository's files: %w", err)
	}
	files := strings.Split(strings.Trim(string(listed), "\x00"), "\x00")
	folders := map[string]bool{}
	for _, name := range files {
		for dir := path.Join(moduleFolder, name); dir != "/"; {
			dir = path.Dir(dir)
			folders[dir] = true
		}
	}
	var errs []error
	for _, folder := range slices.Sorted(maps.Keys(folders)) { // parents first
		errs = append(errs, c.addFolder(folder))
	}
	for _, name := range files {
		errs = append(errs, c.addFile(path.Join(moduleFolder, name), name, 0o644))
	}
	return errors.Join(errs...)
}

func (c *cpio) addJSON(name string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return c.add(entry{name: name, mode: unix.S_IFREG | 0o644, size: int64(len(text))}, bytes.NewReader(text))
}

func goCommand(ctx context.Context, arguments ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, "go", arguments...)
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	return c
}
