package pipelinetest

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// watchLeaks returns a function that checks that nothing was left open or running since. The
// garbage collector, which closes files that were forgotten, rests meanwhile.
func watchLeaks(t *testing.T) (check func()) {
	percent := debug.SetGCPercent(-1)
	files, goroutines := openFiles(), runtime.NumGoroutine()
	return func() {
		t.Helper()
		defer debug.SetGCPercent(percent)
		checkLeaks(t, files, goroutines)
	}
}

// checkLeaks waits for goroutines that are ending, and for those of a test's server to close
// their connections.
func checkLeaks(t *testing.T, files, goroutines int) {
	t.Helper()
	settle(5*time.Second, func() bool { return runtime.NumGoroutine() <= goroutines && openFiles() <= files })
	if n := runtime.NumGoroutine(); n > goroutines {
		t.Errorf("goroutines left behind: %d before, %d after", goroutines, n)
	}
	if n := openFiles(); n > files {
		t.Errorf("files left open: %d before, %d after", files, n)
	}
}

// stillOpen returns the number of open files. While it is above before, it waits a little: others
// than the stage may open a file for a moment, such as a test's server.
func stillOpen(before int) (files int) {
	settle(200*time.Millisecond, func() bool {
		files = openFiles()
		return files <= before
	})
	return files
}

// settle waits until something is so, but no longer than limit.
func settle(limit time.Duration, isSo func() bool) {
	for deadline := time.Now().Add(limit); !isSo() && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
}
