package limit

// Chains returns the number of a table's chains and the length of the longest.
func (t *Table[K, V]) Chains() (n, longest int) {
	for _, i := range t.heads {
		length := 0
		for ; i != 0; i = t.links[i].chain {
			length++
		}
		longest = max(longest, length)
	}
	return len(t.heads), longest
}
