package probe

// NextSize is nextSize.
var NextSize = nextSize
