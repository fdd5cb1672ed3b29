package peers

// SystemCalls returns how many system calls Deliver has made since Open. It must
// not be called while Deliver runs.
func (s *Sink) SystemCalls() (n int) { return s.Sockets.Calls() }
