package graph

import "time"

// Hurry shortens the time of one question and of one download or fragment.
func (c *Client) Hurry(ask, carry time.Duration) { c.askTime, c.carryTime = ask, carry }

// What tests look at beside what is public.
var (
	QuickXor  = quickXor
	Claims    = claims
	OtherName = otherName
	SizeFor   = sizeFor
)
