// Package screen shows what a daemon answers to people: `pmtud status` as text, and the
// frames of `pmtud top`.
package screen
