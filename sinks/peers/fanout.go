package peers

// countSent counts a message for n peers from the first on.
func (f *fanout) countSent(first, n int) {
	for _, p := range f.peers[first : first+n] {
		p.sent.Add(1)
	}
}
