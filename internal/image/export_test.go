package image

// Settle waits for what the cache of pictures does in the background: it drops what is over its bound a moment later.
func (s *Studio) Settle() { s.data.CleanUp() }
