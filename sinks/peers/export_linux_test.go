package peers

// SystemCalls returns how many system calls Deliver has made since Open. It must
// not be called while Deliver runs.
func (s *Sink) SystemCalls() (n int) {
	for _, socket := range []*socket{s.sockets.ipv4, s.sockets.ipv6} {
		if socket != nil {
			n += socket.calls
		}
	}
	return n
}
