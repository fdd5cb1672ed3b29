package pipelinetest

import (
	"testing"
	"time"
)

// Eventually waits until the condition holds. The test fails, and ends, if it does not within
// ten seconds.
func Eventually(t testing.TB, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(10 * time.Second); !condition(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("still not so after 10 s")
		}
	}
}
