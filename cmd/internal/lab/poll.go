package lab

import "time"

// poll calls condition every few milliseconds until it returns nil or the
// deadline has passed, and returns its last error.
func poll(deadline time.Time, condition func() error) error {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		err := condition()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		<-tick.C
	}
}
