package sealed

// window remembers which of the last WindowLen counters of a sender came, as RFC 6479 has
// it: a ring of words of which the one ahead is cleared, so one word more than the window.
type window struct {
	words  [WindowLen/wordBits + 1]uint64
	newest uint64 // one more than the highest counter; 0 while there is none
	latest int64  // the latest time of sealing
}

const wordBits = 64

// has reports whether a counter came, or is too far behind to be known.
func (w *window) has(counter uint64) bool {
	switch {
	case counter >= w.newest:
		return false
	case w.newest-counter > WindowLen:
		return true
	}
	return *w.word(counter)&(1<<(counter%wordBits)) != 0
}

// add remembers a counter that has not come.
func (w *window) add(counter uint64, sealed int64) {
	if counter >= w.newest {
		w.advance(counter)
	}
	*w.word(counter) |= 1 << (counter % wordBits)
	w.latest = max(w.latest, sealed)
}

// advance clears the words from the newest one to that of counter.
func (w *window) advance(counter uint64) {
	if w.newest > 0 {
		first, last := (w.newest-1)/wordBits+1, counter/wordBits
		for i := first; i <= last && i < first+uint64(len(w.words)); i++ {
			w.words[i%uint64(len(w.words))] = 0
		}
	}
	w.newest = counter + 1
}

func (w *window) word(counter uint64) *uint64 {
	return &w.words[counter/wordBits%uint64(len(w.words))]
}
