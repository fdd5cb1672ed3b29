package disk

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// TestPatiently leaves calls behind that heed nothing: not more than so many at once.
func TestPatiently(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var calls atomic.Int32
		hang := func(context.Context) (int, error) { calls.Add(1); <-release; return 1, nil }
		for range mostLeftBehind {
			if _, err := patiently(t.Context(), hang); err == nil || err.Error() != "takes longer than 8s" {
				t.Fatal(err)
			}
		}
		const want = "a file system does not answer: 16 reads still go on"
		if _, err := patiently(t.Context(), hang); err == nil || err.Error() != want || calls.Load() != mostLeftBehind {
			t.Errorf("error %v after %d calls", err, calls.Load())
		}
		close(release)
		synctest.Wait()
		if n, err := patiently(t.Context(), hang); n != 1 || err != nil {
			t.Errorf("%d, %v once the file system answers", n, err)
		}
	})
}
