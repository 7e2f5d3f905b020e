package main

import "context"

func search(ctx context.Context, b bench) (report, error)  { return report{}, nil }
func durable(ctx context.Context, b bench) (report, error) { return report{}, nil }
func growth(ctx context.Context, b bench) (report, error)  { return report{}, nil }
