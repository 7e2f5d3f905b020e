package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"teamspro/internal/fault"
	"teamspro/internal/image"
	"teamspro/internal/imaging"
	"teamspro/internal/lang"
)

// imageCmd runs a plan on one picture, within the limits that the service keeps.
type imageCmd struct {
	Plan     []string        `arg:"" help:"What to do, as it is typed to Image Pro: resize 800 '|' grey '|' webp q80."`
	Input    string          `short:"i" help:"File to read; without it standard input."`
	Output   string          `short:"o" help:"File to write; without it standard output."`
	Pictures pictureSettings `embed:"" prefix:"picture-" envprefix:"TEAMSPRO_PICTURE_"`
}

// Run reads, works and writes. What there is to tell goes to standard error; nothing is written when something fails.
func (c *imageCmd) Run(ctx context.Context, out output) error {
	if err := c.Pictures.check(); err != nil {
		return err
	}
	data, err := c.read()
	if err != nil {
		return err
	}
	cfg := c.Pictures.engine()
	cfg.Workers = 1
	engine, err := imaging.New(cfg)
	if err != nil {
		return err
	}
	defer engine.Close()
	r, err := render(ctx, engine, c.Pictures.limits(), data, strings.Join(c.Plan, " "))
	if err != nil {
		return told(err)
	}
	if err := c.write(out, r.Data); err != nil {
		return err
	}
	t := lang.For(lang.Default)
	fmt.Fprintf(out.Err, "%d × %d %s, %s → %d × %d %s, %s\n", r.Before.W, r.Before.H, r.Before.Format, image.Bytes(r.Before.Bytes).Say(t.Text),
		r.Facts.W, r.Facts.H, r.Facts.Format, image.Bytes(r.Facts.Bytes).Say(t.Text))
	for _, n := range r.Notes {
		fmt.Fprintln(out.Err, n.Say(t.Text))
	}
	return nil
}

// render reads the plan before it looks at the picture.
func render(ctx context.Context, engine image.Engine, limits image.Limits, data []byte, text string) (image.Result, error) {
	p, err := image.Parse(text)
	if err != nil {
		return image.Result{}, err
	}
	facts, err := engine.Probe(ctx, data)
	if err != nil {
		return image.Result{}, err
	}
	return image.Run(ctx, engine, limits, data, facts, p, nil)
}

func (c *imageCmd) read() ([]byte, error) {
	in := io.Reader(os.Stdin)
	if c.Input != "" {
		f, err := os.Open(c.Input)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	return io.ReadAll(io.LimitReader(in, c.Pictures.MaxMB<<20+1)) // one byte more than the engine takes: it says so
}

func (c *imageCmd) write(out io.Writer, data []byte) error {
	if c.Output != "" {
		return writeOver(c.Output, data)
	}
	_, err := out.Write(data)
	return err
}

// writeOver writes a file beside the one that it replaces, so that there is the old one or the new one, and never a part.
// What is no file, such as a device, is written to as it is.
func writeOver(name string, data []byte) error {
	if real, err := filepath.EvalSymlinks(name); err == nil {
		name = real
	}
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return os.WriteFile(name, data, 0o666)
	}
	part := name + ".part-" + rand.Text()[:8]
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(part, name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(part))
	}
	return nil
}

// told is the sentence that a person in a chat would read.
func told(err error) error {
	var f *fault.Error
	if !errors.As(err, &f) || f.Text == "" {
		return err
	}
	return errors.New(image.Explain(f).Say(lang.For(lang.Default).Text))
}
