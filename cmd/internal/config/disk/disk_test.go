package disk_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/config/disk"
	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
)

// lay writes files below the working directory, which is a new one.
func lay(t *testing.T, files map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFind(t *testing.T) {
	lay(t, map[string]string{
		"d/b.yaml": "b", "d/a.TOML": "a", "d/c.yml": "c", "d/d.json": "d", "d/.x.yaml": "", "d/e.conf": "", "d/sub.yaml/f.yaml": "", "e/x": "", "g": "g",
	})
	if err := errors.Join(os.Symlink("../g", "d/g.yaml"), os.Symlink("nowhere", "d/h.yaml")); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		paths          []string
		want, mistakes string
	}{
		{[]string{"d"}, "d/a.TOML+ d/b.yaml+ d/c.yml+ d/d.json+ d/g.yaml+ d/h.yaml+", ""},
		{[]string{"g", "d/b.yaml", "d"}, "g d/b.yaml d/a.TOML+ d/c.yml+ d/d.json+ d/h.yaml+", ""},
		{[]string{"d/h.yaml", "g"}, "g", "d/h.yaml: read file: no such file or directory"},
		{[]string{"e", "g"}, "g", "e: folder contains no files *.yaml, *.yml, *.toml or *.json"},
	} {
		r := mistake.NewReport()
		var got []string
		for _, f := range disk.Find(t.Context(), tc.paths, r) {
			got = append(got, f.Name+map[bool]string{true: "+"}[f.InFolder])
		}
		if strings.Join(got, " ") != tc.want || r.Mistakes.Error() != tc.mistakes {
			t.Errorf("%v: %v, %v", tc.paths, got, r.Mistakes)
		}
	}
}

// TestFindMany wants at most a thousand files, in all.
func TestFindMany(t *testing.T) {
	files := map[string]string{"x.yaml": ""}
	for i := range 1000 {
		files[fmt.Sprintf("d/%d.yaml", i)] = ""
	}
	lay(t, files)
	find := func(mistakes string, paths ...string) {
		t.Helper()
		r := mistake.NewReport()
		if found := disk.Find(t.Context(), paths, r); len(found) != 1000 || r.Mistakes.Error() != mistakes {
			t.Errorf("%v: %d, %v", paths, len(found), r.Mistakes)
		}
	}
	find("", "d")
	find("x.yaml: there are more than 1000 files", "d", "x.yaml")
	find("d: there are more than 1000 files", "x.yaml", "d")
	if err := os.Rename("x.yaml", "d/x.yaml"); err != nil {
		t.Fatal(err)
	}
	find("d: there are more than 1000 files", "d")
}

func TestRead(t *testing.T) {
	mib := strings.Repeat("x", 1<<20)
	lay(t, map[string]string{"a": "a\n", "mib": mib, "more": mib + "x", "empty": "", "one": "x"})
	r := disk.NewReader(t.Context())
	for _, tc := range []struct {
		name        string
		onlyRegular bool
		want, err   string
	}{
		{"a", false, "a\n", ""},
		{"a", true, "a\n", ""},
		{"empty", false, "", ""},
		{"more", false, "", "is larger than 1 MiB"},
		{"none", false, "", "no such file or directory"},
		{"/dev/null", false, "", ""},
		{"/dev/null", true, "", "is not a regular file"},
		{".", false, "", "is a directory"},
	} {
		data, err := r.Read(tc.name, tc.onlyRegular)
		if text(err) != tc.err || string(data) != tc.want {
			t.Errorf("%s: %.20q, %v", tc.name, data, err)
		}
	}
	r = disk.NewReader(t.Context())
	for i, name := range []string{"mib", "mib", "mib", "mib", "mib", "mib", "mib", "mib", "empty", "one"} {
		_, err := r.Read(name, false)
		if want := map[bool]string{true: "does not fit: all files together are larger than 8 MiB"}[name == "one"]; text(err) != want {
			t.Errorf("file %d: %v", i, err)
		}
	}
	if got := disk.WithoutPath(&os.PathError{Op: "open", Path: "a", Err: os.ErrExist}).Error(); got != "read file: file already exists" {
		t.Error(got)
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestInclude reads each file once, and names those that can't be read too.
func TestInclude(t *testing.T) {
	lay(t, map[string]string{"a": "a", "latin": "\xe4"})
	r := disk.NewReader(t.Context())
	for i, tc := range []struct{ path, want, err string }{
		{"a", "a", ""}, {"latin", "\xe4", "is not UTF-8"}, {"a", "a", ""}, {"none", "", "no such file or directory"}, {"latin", "\xe4", "is not UTF-8"},
	} {
		got, err := r.Include(tc.path)
		if got != tc.want || text(err) != tc.err {
			t.Errorf("%s: %q, %v", tc.path, got, err)
		}
		if i == 0 {
			if err := os.WriteFile("a", []byte("b"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if diff := cmp.Diff([]string{"a", "latin", "none"}, r.Included); diff != "" {
		t.Error(diff)
	}
}

// TestPipe reads pipes that nobody writes to, or only later, in two parts.
func TestPipe(t *testing.T) {
	for name, write := range map[string]func(w *os.File) error{
		"silent": func(*os.File) error { return nil },
		"late":   func(w *os.File) error { _, err := w.WriteString("a"); return err },
	} {
		t.Run(name, func(t *testing.T) {
			lay(t, nil)
			if err := mkfifo("pipe"); err != nil {
				t.Skipf("no pipes: %v", err)
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			stopped := errors.New("told to stop")
			written := make(chan error, 1)
			go func() {
				time.Sleep(30 * time.Millisecond)             // the reader is there first, or not: either is right
				w, err := os.OpenFile("pipe", os.O_WRONLY, 0) // once there is a reader
				if err == nil {
					err = errors.Join(write(w), write(w))
				}
				if name == "silent" {
					cancel(stopped)
				}
				written <- errors.Join(err, w.Close())
			}()
			data, err := disk.NewReader(ctx).Read("pipe", false)
			if err := <-written; err != nil {
				t.Fatal(err)
			}
			if name == "silent" && !errors.Is(err, stopped) || name == "late" && (err != nil || string(data) != "aa") {
				t.Errorf("%q, %v", data, err)
			}
			cancel(nil)
		})
	}
}

// TestCancelled gives up a pipe that nobody writes to, and one that somebody keeps open. It says
// why, whatever is noticed first, and leaves nothing open.
func TestCancelled(t *testing.T) {
	lay(t, nil)
	if err := errors.Join(mkfifo("free"), mkfifo("held")); err != nil {
		t.Skipf("no pipes: %v", err)
	}
	held, err := os.OpenFile("held", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	stopped := errors.New("told to stop")
	before := descriptors(t)
	for range 100 {
		for _, name := range []string{"free", "held"} {
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(stopped)
			if _, err := disk.NewReader(ctx).Read(name, false); !errors.Is(err, stopped) {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
	for begin := time.Now(); descriptors(t) > before; time.Sleep(time.Millisecond) {
		if time.Since(begin) > 20*time.Second {
			t.Fatalf("%d descriptors, %d before", descriptors(t), before)
		}
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// TestTimeout reads a pipe that nobody ever writes to.
func TestTimeout(t *testing.T) {
	lay(t, nil)
	if err := mkfifo("pipe"); err != nil {
		t.Skipf("no pipes: %v", err)
	}
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		data, err := disk.NewReader(t.Context()).Read("pipe", false)
		if took := time.Since(began); took != 8*time.Second || data != nil || text(err) != "takes longer than 8s" {
			t.Errorf("%q, %v after %v", data, err, took)
		}
	})
}

// TestFingerprint leaves alone a pipe that somebody waits to write to.
func TestFingerprint(t *testing.T) {
	lay(t, map[string]string{"d/a.yaml": "a", "d/b.yaml": "b", "c": "c"})
	if err := mkfifo("pipe"); err != nil {
		t.Skipf("no pipes: %v", err)
	}
	if err := errors.Join(os.Mkdir("e", 0o755), os.Symlink("nowhere", "d/z.yaml")); err != nil {
		t.Fatal(err)
	}
	written := make(chan error, 1)
	go func() { written <- os.WriteFile("pipe", []byte("a"), 0) }()
	paths := []string{"d", "c", "pipe", "new", "e"}
	before := disk.Fingerprint(t.Context(), paths)
	if len(before) != 64 || disk.Fingerprint(t.Context(), paths) != before {
		t.Errorf("it changes: %s", before)
	}
	for _, tc := range []struct {
		name   string
		change func() error
	}{
		{"content", func() error { return os.WriteFile("d/a.yaml", []byte("x"), 0o644) }},
		{"gone", func() error { return os.Remove("c") }},
		{"another", func() error { return os.WriteFile("d/c.yaml", nil, 0o644) }},
		{"renamed", func() error { return os.Rename("d/c.yaml", "d/d.yaml") }},
		{"missing", func() error { return os.WriteFile("new", nil, 0o644) }},
		{"large", func() error { return os.WriteFile("d/b.yaml", make([]byte, 1<<20+1), 0o644) }},
		{"empty", func() error { return os.WriteFile("d/b.yaml", nil, 0o644) }},
		{"no folder", func() error { return os.Remove("e") }},
	} {
		if err := tc.change(); err != nil {
			t.Fatal(err)
		}
		if after := disk.Fingerprint(t.Context(), paths); after == before {
			t.Errorf("%s: it stays", tc.name)
		} else {
			before = after
		}
	}
	data, err := disk.NewReader(t.Context()).Read("pipe", false)
	if err := errors.Join(err, <-written); err != nil || string(data) != "a" {
		t.Errorf("the pipe: %q, %v", data, err)
	}
}
