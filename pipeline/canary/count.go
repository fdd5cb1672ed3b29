package canary

// Count counts the times that a sink was given canaries to send: each time one for each IP version. They are
// no part of its other counters.
type Count struct {
	Sent   uint64 // the sink delivered one of them, at least
	Failed uint64
	Reason string // of the last time that failed
}

// Fail counts a time that failed.
func (c *Count) Fail(reason string) {
	c.Failed++
	c.Reason = reason
}
