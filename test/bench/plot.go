package main

import (
	"fmt"
	"math"
	"strings"
)

// plot is a small picture of some curves, both axes by powers of ten.
type plot struct {
	file, title string
	curves      []curve
}

// curve is one line of a plot.
type curve struct {
	name string
	x, y []float64
}

func (c *curve) add(x, y float64) { c.x, c.y = append(c.x, x), append(c.y, y) }

const (
	plotWidth, plotHeight = 480.0, 300.0
	plotEdge              = 48.0
)

var plotColours = []string{"#4f6bed", "#c4314b", "#107c41"}

// svg draws the plot. Its words are grey, so that they can be read on light and on dark pages.
func (p plot) svg() string {
	xs, ys := p.axes()
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" font-family="sans-serif" font-size="11" fill="#767676">`+"\n", plotWidth, plotHeight)
	fmt.Fprintf(&b, `<text x="%g" y="18" font-size="13">%s</text>`+"\n", plotEdge, p.title)
	for power := xs.low; power <= xs.high; power++ {
		x := xs.place(math.Pow(10, power))
		fmt.Fprintf(&b, `<path d="M%.1f %gV%g" stroke="#76767640"/><text x="%.1f" y="%g" text-anchor="middle">%s</text>`+"\n",
			x, plotEdge, plotHeight-plotEdge, x, plotHeight-plotEdge+16, thousands(power))
	}
	for power := ys.low; power <= ys.high; power++ {
		y := ys.place(math.Pow(10, power))
		fmt.Fprintf(&b, `<path d="M%g %.1fH%g" stroke="#76767640"/><text x="%g" y="%.1f" text-anchor="end">%s</text>`+"\n",
			plotEdge, y, plotWidth-plotEdge, plotEdge-6, y+4, thousands(power))
	}
	for i, c := range p.curves {
		c.draw(&b, xs, ys, plotColours[i%len(plotColours)])
		fmt.Fprintf(&b, `<text x="%g" y="%g" fill="%s">%s</text>`+"\n", plotEdge+float64(i)*130, plotHeight-8, plotColours[i%len(plotColours)], c.name)
	}
	return b.String() + "</svg>\n"
}

func (c curve) draw(b *strings.Builder, xs, ys axis, colour string) {
	for i := range c.x {
		x, y := xs.place(c.x[i]), ys.place(c.y[i])
		if i > 0 {
			fmt.Fprintf(b, `<path d="M%.1f %.1fL%.1f %.1f" stroke="%s" stroke-width="2"/>`, xs.place(c.x[i-1]), ys.place(c.y[i-1]), x, y, colour)
		}
		fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`+"\n", x, y, colour)
	}
}

// axis maps values between two powers of ten to places in the picture.
type axis struct{ low, high, from, to float64 }

func (a axis) place(v float64) float64 {
	return a.from + (math.Log10(v)-a.low)/(a.high-a.low)*(a.to-a.from)
}

// axes are wide enough for every curve.
func (p plot) axes() (xs, ys axis) {
	var x, y []float64
	for _, c := range p.curves {
		x, y = append(x, c.x...), append(y, c.y...)
	}
	return axisOver(x, plotEdge, plotWidth-plotEdge), axisOver(y, plotHeight-plotEdge, plotEdge)
}

func axisOver(values []float64, from, to float64) axis {
	low, high := math.Floor(math.Log10(quantile(values, 0))), math.Ceil(math.Log10(quantile(values, 1)))
	return axis{low, math.Max(high, low+1), from, to}
}

func thousands(power float64) string {
	switch {
	case power >= 6:
		return fmt.Sprintf("%g M", math.Pow(10, power-6))
	case power >= 3:
		return fmt.Sprintf("%g k", math.Pow(10, power-3))
	}
	return fmt.Sprintf("%g", math.Pow(10, power))
}
