package pathlab

import (
	"io"
	"net"
	"sync"
	"testing"
)

// drain reads from all connections of a listener until the test ends.
func drain(t *testing.T, l net.Listener) {
	var mu sync.Mutex
	var open []net.Conn
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, c)
			mu.Unlock()
			serving.Go(func() { _, _ = io.Copy(io.Discard, c) }) // until either side closes it
		}
	})
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for _, c := range open {
			c.Close()
		}
		mu.Unlock()
		serving.Wait()
	})
}
