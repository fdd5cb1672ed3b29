package peerlist

// Send sends a message to each peer and returns how many got it. The bytes are borrowed for
// the length of the call. The TTL or hop limit counts where [Config] says so. A nil Fanout
// has no peers; without a socket every send fails for want of a route.
func (f *Fanout) Send(s *Socket, message []byte, ttl uint8) (sent int) {
	if f == nil {
		return 0
	}
	f.load(message, ttl)
	defer f.unload()
	for next := 0; next < len(f.peers); {
		n, why := s.send(f, next)
		f.countSent(next, n)
		sent += n
		next += n
		if n == 0 {
			f.peers[next].failed[why].Add(1)
			next++
		}
	}
	return sent
}

// Pretend counts a message as sent to each peer and returns how many there are.
func (f *Fanout) Pretend() int {
	if f == nil {
		return 0
	}
	f.countSent(0, len(f.peers))
	return len(f.peers)
}

// countSent counts a message for n peers from the first on.
func (f *Fanout) countSent(first, n int) {
	for _, p := range f.peers[first : first+n] {
		p.sent.Add(1)
	}
}
