package kernels

import (
	"archive/tar"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSummarize(t *testing.T) {
	const output = `=== RUN   TestA
--- PASS: TestA (0.00s)
=== RUN   TestB
=== RUN   TestB/inner
    b_test.go:7: lost: 3 of 4
    --- FAIL: TestB/inner (0.01s)
    --- PASS: TestB/other (0.01s)
--- FAIL: TestB (0.01s)
=== RUN   TestC
    c_test.go:9: needs nft: not here
--- SKIP: TestC (0.00s)
=== RUN   TestD
--- SKIP: TestD (0.00s)
=== RUN   TestE
=== RUN   TestE/inner
    e_test.go:9: no egress hook
--- PASS: TestE (0.01s)
    --- PASS: TestE/other (0.01s)
    --- SKIP: TestE/inner (0.01s)
FAIL
`
	want := result{
		Passed: 2, Failed: []string{"TestB/inner", "TestB"},
		Skipped: []skip{{"TestC", "needs nft: not here"}, {"TestD", "no reason given"}, {"TestE/inner", "no egress hook"}},
	}
	if diff := cmp.Diff(want, summarize(output)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTable(t *testing.T) {
	results, err := readResults(strings.NewReader(
		`{"Kernel":"6.1","Package":"sinks/a","Passed":3,"Seconds":2}
		{"Kernel":"6.1","Package":"sinks/b","Passed":1,"Failed":["TestB/inner","TestB"],"Error":"exit status 1","Output":"lost"}`),
		&bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	newer, err := readResults(strings.NewReader(
		`{"Kernel":"6.12","Package":"sinks/a","Passed":2,"Skipped":[{"Test":"TestA","Why":"needs nft"}]}
		{"Kernel":"6.12","Package":"sinks/c","Error":"exit status 2"}`), &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	const want = `=== sinks/b on 6.1: exit status 1
lost
=== sinks/c on 6.12: exit status 2

| package | 6.1 | 6.12 |
|---|---|---|
| sinks/a | 3 passed, 2 s | 2 passed, 1 skipped, 0 s |
| sinks/b | FAILED TestB, 0 s | did not run |
| sinks/c | did not run | FAILED: exit status 2, 0 s |

Skipped:

- sinks/a TestA: needs nft
`
	var got strings.Builder
	both := table{results, newer}
	both.write(&got)
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !both.failed() || (table{results[:1]}).failed() {
		t.Error("failed is not true for the table with failures alone")
	}
}

// TestResultsEndEarly reads what a machine wrote before it crashed.
func TestResultsEndEarly(t *testing.T) {
	results, err := readResults(strings.NewReader(`{"Package":"sinks/a"} {"Pack`), &bytes.Buffer{})
	if err == nil || len(results) != 1 {
		t.Errorf("read %v, %v, want one result and an error", results, err)
	}
}

func TestShortenLeavesFailures(t *testing.T) {
	long := strings.Repeat("x", shown)
	if got, want := shorten("=== RUN   TestA\n--- PASS: TestA (0.00s)\nlost\n"), "lost\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := shorten("begin" + long + "end"); !strings.HasSuffix(got, "xend") || len(got) > shown+10 {
		t.Errorf("%d bytes are left, which end with %q", len(got), got[len(got)-10:])
	}
}

func TestListPackages(t *testing.T) {
	got, err := listPackages(t.Context(), []string{
		module + "/sinks/broadcast", module + "/filters/mtu", module + "/cmd/internal/bench", module + "/cmd/internal/daemon/sandbox",
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"cmd/internal/daemon/sandbox", "sinks/broadcast"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := listPackages(t.Context(), []string{module + "/filters/mtu"}); err == nil {
		t.Error("a package without such tests is no error")
	}
}

// TestLeftOutExist checks that a renamed package is not tested although it should be left out.
func TestLeftOutExist(t *testing.T) {
	for name := range leftOut {
		if _, err := os.Stat("../../../" + name); err != nil {
			t.Error(err)
		}
	}
}

// TestSplitImage makes an image of a small archive and has it unpacked by the program cpio.
func TestSplitImage(t *testing.T) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, f := range []struct {
		header  tar.Header
		content string
	}{
		{tar.Header{Name: "./", Typeflag: tar.TypeDir, Mode: 0o755}, ""},
		{tar.Header{Name: "./boot/vmlinuz-6.1", Typeflag: tar.TypeReg, Mode: 0o644}, "kernel"},
		{tar.Header{Name: "./usr/", Typeflag: tar.TypeDir, Mode: 0o755}, ""},
		{tar.Header{Name: "./usr/nft", Typeflag: tar.TypeReg, Mode: 0o755}, "program"},
		{tar.Header{Name: "./usr/hard", Typeflag: tar.TypeLink, Linkname: "./usr/nft"}, ""},
		{tar.Header{Name: "./usr/soft", Typeflag: tar.TypeSymlink, Linkname: "nft"}, ""},
		{tar.Header{Name: "./lib/modules/6.1/kernel/drivers/net/ethernet/card.ko", Typeflag: tar.TypeReg}, "driver"},
	} {
		f.header.Size = int64(len(f.content))
		if err := w.WriteHeader(&f.header); err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(f.content))
	}
	w.Close()
	dir := t.TempDir()
	made := image{kernel: filepath.Join(dir, "vmlinuz"), root: filepath.Join(dir, "root.cpio")}
	if err := splitImage(&archive, made); err != nil {
		t.Fatal(err)
	}
	if kernel, err := os.ReadFile(made.kernel); string(kernel) != "kernel" {
		t.Errorf("the kernel has %q, %v", kernel, err)
	}
	list := exec.Command("cpio", "--list", "--quiet", "--verbose", "--numeric-uid-gid")
	root, err := os.Open(made.root)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	list.Stdin = root
	listed, err := list.CombinedOutput()
	if list.Err != nil {
		t.Skip("needs cpio: ", list.Err)
	}
	if err != nil {
		t.Fatalf("%v: %s", err, listed)
	}
	var got []string
	for line := range strings.Lines(string(listed)) {
		fields := strings.Fields(line)
		got = append(got, fields[0]+" "+strings.Join(fields[8:], " "))
	}
	want := []string{"drwxr-xr-x usr", "-rwxr-xr-x usr/nft", "l--------- usr/hard -> /usr/nft", "l--------- usr/soft -> nft"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSplitImageWithoutKernel(t *testing.T) {
	var archive bytes.Buffer
	tar.NewWriter(&archive).Close()
	dir := t.TempDir()
	if err := splitImage(&archive, image{root: filepath.Join(dir, "root"), kernel: filepath.Join(dir, "kernel")}); err == nil {
		t.Error("no error")
	}
}
