// GIF, written by ourselves: one palette for all frames where it serves them all, and of each frame only what changed.
// libvips has a better palette found for each frame, in most of the time that a whole animation takes, and writes every frame
// in full.
#include "bridge.h"

#include <stdlib.h>

enum { MOST_BINS = 32768, SLOTS = 65536, MOST_COLOURS = 255, MOST_SAMPLES = 4 << 20 };

// Bin is how often a colour occurs, and the sums of its values.
typedef struct {
	unsigned key, n, sum[3];
} Bin;

// Counts is a table of colours, told apart by all but the last few bits of their values.
typedef struct {
	Bin *slots;
	int used, shift;
} Counts;

static unsigned hash(unsigned key) { return (key * 2654435761u) >> 16; }

static Bin *slot(Bin *slots, unsigned key) {
	for (unsigned i = hash(key);; i++) {
		Bin *b = slots + (i & (SLOTS - 1));
		if (!b->n || b->key == key)
			return b;
	}
}

// coarser tells colours apart by a bit less of each value.
static int coarser(Counts *c) {
	Bin *old = c->slots, *now = g_try_malloc0(SLOTS * sizeof(Bin));
	if (!now)
		return -1;
	c->slots = now;
	c->shift++;
	c->used = 0;
	unsigned mask = (0xff >> c->shift) * 0x010101u;
	for (int i = 0; i < SLOTS; i++) {
		if (!old[i].n)
			continue;
		unsigned key = (old[i].key >> 1) & mask;
		Bin *b = slot(now, key);
		c->used += !b->n;
		b->key = key;
		b->n += old[i].n;
		for (int k = 0; k < 3; k++)
			b->sum[k] += old[i].sum[k];
	}
	g_free(old);
	return 0;
}

static int count_row(Counts *c, const VipsPel *p, int width, int bands) {
	unsigned last = ~0u;
	Bin *b = NULL;
	for (int x = 0; x < width; x++, p += bands) {
		if (bands == 4 && p[3] < 128)
			continue;
		unsigned key = (unsigned) (p[0] >> c->shift) << 16 | (unsigned) (p[1] >> c->shift) << 8 | p[2] >> c->shift;
		if (key != last || !b) {
			b = slot(c->slots, key);
			last = key;
		}
		if (!b->n) {
			c->used++;
			b->key = key;
		}
		b->n++;
		for (int k = 0; k < 3; k++)
			b->sum[k] += p[k];
		if (c->used > MOST_BINS) {
			if (coarser(c))
				return -1;
			b = NULL;
		}
	}
	return 0;
}

// Colour is one of those that are counted, as coordinates.
typedef struct {
	float v[3], n;
} Colour;

// Heap is some of the colours, which one colour of the palette shall stand for.
typedef struct {
	int first, n, axis;
	float weight, mean[3], spread; // spread is the sum of squares that splitting along the axis can lessen
} Heap;

static void weigh(Heap *h, const Colour *all) {
	double w = 0, sum[3] = { 0 }, squares[3] = { 0 };
	for (int i = h->first; i < h->first + h->n; i++) {
		w += all[i].n;
		for (int k = 0; k < 3; k++) {
			sum[k] += all[i].n * all[i].v[k];
			squares[k] += (double) all[i].n * all[i].v[k] * all[i].v[k];
		}
	}
	h->weight = w;
	h->spread = -1;
	for (int k = 0; k < 3; k++) {
		h->mean[k] = sum[k] / w;
		float spread = squares[k] - sum[k] * sum[k] / w;
		if (h->n > 1 && spread > h->spread) {
			h->spread = spread;
			h->axis = k;
		}
	}
}

// split divides a heap at its mean and gives the second part.
static Heap split(Heap *h, Colour *all) {
	int low = h->first, high = h->first + h->n;
	while (low < high)
		if (all[low].v[h->axis] <= h->mean[h->axis]) {
			low++;
		} else {
			Colour c = all[--high];
			all[high] = all[low];
			all[low] = c;
		}
	if (low == h->first + h->n) // all are the mean, but for rounding
		low--;
	if (low == h->first)
		low++;
	Heap other = { low, h->first + h->n - low, 0, 0, { 0 }, 0 };
	h->n = low - h->first;
	weigh(h, all);
	weigh(&other, all);
	return other;
}

// Palette is sorted by its greens, so that the nearest colour is found without looking at all.
typedef struct {
	int n;
	int v[256][3];
	int from[256];		   // the first colour that is as green
	unsigned known[SLOTS]; // colours looked up before, with their index in the last eight bits
} Palette;

static int compare(const void *a, const void *b) { return ((const int *) a)[1] - ((const int *) b)[1]; }

static int nearest(const Palette *p, int r, int g, int b) {
	int best = 0, least = 1 << 30, up = p->from[g], down = up - 1;
	while (up < p->n || down >= 0) {
		for (int side = 0; side < 2; side++) {
			int i = side ? down : up;
			if (i < 0 || i >= p->n)
				continue;
			int dg = p->v[i][1] - g, d = dg * dg;
			if (d >= least) { // and so are all beyond it
				if (side)
					down = -1;
				else
					up = p->n;
				continue;
			}
			d += (p->v[i][0] - r) * (p->v[i][0] - r) + (p->v[i][2] - b) * (p->v[i][2] - b);
			if (d < least) {
				least = d;
				best = i;
			}
			if (side)
				down--;
			else
				up++;
		}
	}
	return best;
}

static void sort(Palette *p) {
	qsort(p->v, p->n, sizeof p->v[0], compare);
	for (int g = 0, i = 0; g < 256; g++) {
		while (i < p->n && p->v[i][1] < g)
			i++;
		p->from[g] = i;
	}
	unsigned black = nearest(p, 0, 0, 0);
	for (int i = 0; i < SLOTS; i++)
		p->known[i] = black;
}

static int look_up(Palette *p, int r, int g, int b) {
	unsigned key = (unsigned) r << 16 | (unsigned) g << 8 | (unsigned) b, *known = p->known + hash(key);
	if (*known >> 8 != key)
		*known = key << 8 | (unsigned) nearest(p, r, g, b);
	return *known & 255;
}

// improve moves the colours of a palette to the middle of what they stand for, and gives the mean square of what is lost.
static double improve(Palette *p, const Colour *all, int n) {
	double sum[256][4] = { { 0 } }, lost = 0, weight = 0;
	for (int i = 0; i < n; i++) {
		const Colour *c = all + i;
		int k = nearest(p, c->v[0] + 0.5f, c->v[1] + 0.5f, c->v[2] + 0.5f);
		for (int j = 0; j < 3; j++) {
			sum[k][j] += c->n * c->v[j];
			lost += c->n * (c->v[j] - p->v[k][j]) * (c->v[j] - p->v[k][j]);
		}
		sum[k][3] += c->n;
		weight += c->n;
	}
	for (int k = 0; k < p->n; k++)
		for (int j = 0; j < 3 && sum[k][3] > 0; j++)
			p->v[k][j] = sum[k][j] / sum[k][3] + 0.5;
	sort(p);
	return lost / VIPS_MAX(weight, 1);
}

// choose makes a palette of counted colours, and says what is lost by it: 0 when it has all of them.
static int choose(const Counts *c, Palette *p, double *lost) {
	Colour *all = g_try_malloc((c->used + 1) * sizeof(Colour));
	if (!all)
		return -1;
	int n = 0;
	for (int i = 0; i < SLOTS; i++) {
		const Bin *b = c->slots + i;
		if (b->n)
			all[n++] = (Colour) { { (float) b->sum[0] / b->n, (float) b->sum[1] / b->n, (float) b->sum[2] / b->n }, b->n };
	}
	if (!n)
		all[n++] = (Colour) { { 0, 0, 0 }, 1 };
	Heap heaps[MOST_COLOURS] = { { 0, n, 0, 0, { 0 }, 0 } };
	weigh(heaps, all);
	for (p->n = 1; p->n < MOST_COLOURS; p->n++) {
		int widest = 0;
		for (int i = 1; i < p->n; i++)
			if (heaps[i].spread > heaps[widest].spread)
				widest = i;
		if (heaps[widest].spread < 0)
			break;
		heaps[p->n] = split(heaps + widest, all);
	}
	for (int i = 0; i < p->n; i++)
		for (int k = 0; k < 3; k++)
			p->v[i][k] = heaps[i].mean[k] + 0.5f;
	sort(p);
	*lost = 0;
	for (int i = 0; i < 3 && (n > MOST_COLOURS || c->shift); i++)
		*lost = improve(p, all, n);
	g_free(all);
	return 0;
}

// Film is an animation that is being written.
typedef struct {
	GByteArray *out;
	const VipsPel *pixels;
	int width, height, frames, bands;
	int *delays, n_delays;
	gboolean holes; // some pixels are transparent
	gboolean each;	// each frame has a palette of its own
	Palette *palette;
	double lost;
	VipsPel *index;	   // of the frame, MOST_COLOURS where it shows what was there or nothing
	unsigned *shown;   // what each pixel was meant to show when it was last written
	int *errors;	   // of the row above and of this one
	unsigned *codes;   // of LZW
} Film;

static void put(Film *f, const void *bytes, int n) { g_byte_array_append(f->out, bytes, n); }

static void put16(Film *f, int v) {
	guint8 two[] = { v & 255, v >> 8 };
	put(f, two, 2);
}

// depth is how many bits an index has, with one for what is left out.
static int depth(const Film *f) {
	int bits = 2;
	while (1 << bits <= f->palette->n)
		bits++;
	return bits;
}

static void put_palette(Film *f) {
	guint8 bytes[256 * 3] = { 0 };
	for (int i = 0; i < f->palette->n; i++)
		for (int k = 0; k < 3; k++)
			bytes[3 * i + k] = f->palette->v[i][k];
	put(f, bytes, 3 << depth(f));
}

static int prepare(Film *f, int first, int frames) {
	Counts c = { g_try_malloc0(SLOTS * sizeof(Bin)), 0, 0 };
	int bad = !c.slots, rows = f->height * frames;
	int step = 1 + (double) rows * f->width / MOST_SAMPLES;
	for (int y = 0; !bad && y < rows; y += step)
		bad = count_row(&c, f->pixels + ((size_t) first * f->height + y) * f->width * f->bands, f->width, f->bands);
	bad = bad || choose(&c, f->palette, &f->lost);
	g_free(c.slots);
	return bad;
}

// Where more than this is lost, as a mean square, neighbours make up for it; and from the second on each frame gets a palette
// of its own.
static const double much = 4, too_much = 25;

static int bounded(int v) { return VIPS_CLIP(0, v, 255); }

// alike tells whether two colours are, or with some slack almost are, the same.
static gboolean alike(unsigned a, unsigned b, int slack) {
	if (a == b || !slack)
		return a == b;
	for (int shift = 0; shift < 24; shift += 8)
		if (abs((int) (a >> shift & 255) - (int) (b >> shift & 255)) > slack)
			return FALSE;
	return TRUE;
}

// draw finds for each pixel of a frame its colour of the palette. Pixels that are as they were are left out. It gives how
// many were written.
static int draw(Film *f, int frame) {
	const VipsPel *p = f->pixels + (size_t) frame * f->width * f->height * f->bands;
	int written = 0, *above = f->errors, *below = above + 3 * (f->width + 2);
	int mix = f->lost > much;
	memset(f->errors, 0, sizeof(int) * 6 * (f->width + 2));
	for (int y = 0; y < f->height; y++) {
		int *t = above;
		above = below, below = t;
		memset(below, 0, sizeof(int) * 3 * (f->width + 2));
		for (int x = 0; x < f->width; x++, p += f->bands) {
			size_t at = (size_t) y * f->width + x;
			unsigned colour = (unsigned) p[0] << 16 | (unsigned) p[1] << 8 | p[2];
			f->index[at] = MOST_COLOURS;
			if ((f->bands == 4 && p[3] < 128) || (frame && !f->holes && alike(colour, f->shown[at], mix)))
				continue;
			f->shown[at] = colour;
			written++;
			if (!mix) {
				f->index[at] = look_up(f->palette, p[0], p[1], p[2]);
				continue;
			}
			int want[3], *e = above + 3 * (x + 1), *down = below + 3 * (x + 1);
			for (int k = 0; k < 3; k++)
				want[k] = bounded(p[k] + e[k] / 16);
			int i = look_up(f->palette, want[0], want[1], want[2]);
			f->index[at] = i;
			for (int k = 0; k < 3; k++) {
				int off = want[k] - f->palette->v[i][k];
				e[k + 3] += 7 * off;
				down[k - 3] += 3 * off;
				down[k] += 5 * off;
				down[k + 3] += off;
			}
		}
	}
	return written;
}

// Bits are codes of LZW in blocks of up to 255 bytes.
typedef struct {
	Film *film;
	guint8 block[256];
	unsigned long bits;
	int n;
} Bits;

static void put_code(Bits *b, unsigned code, int width) {
	b->bits |= (unsigned long) code << b->n;
	for (b->n += width; b->n >= 8; b->n -= 8, b->bits >>= 8) {
		b->block[++b->block[0]] = b->bits & 255;
		if (b->block[0] == 255) {
			put(b->film, b->block, 256);
			b->block[0] = 0;
		}
	}
}

// put_pixels writes the indices of a part of a frame (GIF89a, appendix F): strings seen before are written as one code. The
// table of strings is hashed: a string but for its last pixel in the upper bits, then that pixel, then its code.
static void put_pixels(Film *f, VipsRect part) {
	enum { HASHED = 16384 };
	const unsigned bits = depth(f), clear = 1u << bits, end = clear + 1;
	Bits b = { f, { 0 }, 0, 0 };
	unsigned next = end + 1, width = bits + 1, string = ~0u;
	put(f, &(guint8) { bits }, 1);
	put_code(&b, clear, width);
	memset(f->codes, 0xff, HASHED * sizeof(unsigned));
	for (int y = part.top; y < part.top + part.height; y++) {
		const VipsPel *p = f->index + (size_t) y * f->width + part.left;
		for (int x = 0; x < part.width; x++) {
			unsigned pixel = p[x] == MOST_COLOURS ? (unsigned) f->palette->n : p[x];
			if (string == ~0u) {
				string = pixel;
				continue;
			}
			unsigned key = string << 8 | pixel, i = (key * 2654435761u) >> 18;
			while (f->codes[i] != ~0u && f->codes[i] >> 12 != key)
				i = (i + 1) & (HASHED - 1);
			if (f->codes[i] != ~0u) {
				string = f->codes[i] & 4095;
				continue;
			}
			put_code(&b, string, width);
			string = pixel;
			if (next < 4096) {
				if (next == 1u << width)
					width++;
				f->codes[i] = key << 12 | next++;
				continue;
			}
			put_code(&b, clear, width);
			memset(f->codes, 0xff, HASHED * sizeof(unsigned));
			next = end + 1;
			width = bits + 1;
		}
	}
	put_code(&b, string, width);
	if (next == 1u << width && width < 12)
		width++;
	put_code(&b, end, width);
	put_code(&b, 0, 7); // what is left
	put(f, b.block, b.block[0] + 1);
	if (b.block[0])
		put(f, "", 1);
}

// changed is the part of a frame outside of which nothing is written. It is never empty.
static VipsRect changed(const Film *f) {
	VipsRect r = { 0, 0, 1, 1 };
	int left = f->width, right = -1, top = f->height, bottom = -1;
	for (int y = 0; y < f->height; y++) {
		const VipsPel *p = f->index + (size_t) y * f->width;
		int a = 0, z = f->width - 1;
		while (a <= z && p[a] == MOST_COLOURS)
			a++;
		if (a > z)
			continue;
		while (p[z] == MOST_COLOURS)
			z--;
		left = VIPS_MIN(left, a);
		right = VIPS_MAX(right, z);
		top = VIPS_MIN(top, y);
		bottom = y;
	}
	if (right >= 0)
		r = (VipsRect) { left, top, right - left + 1, bottom - top + 1 };
	return r;
}

// fill_in writes also what was left out of a part, where that is so little that gaps cost more.
static void fill_in(Film *f, int frame, VipsRect r, int written) {
	const VipsPel *pixels = f->pixels + (size_t) frame * f->width * f->height * f->bands;
	if (f->holes || written <= (double) r.width * r.height * 3 / 4)
		return;
	for (int y = r.top; y < r.top + r.height; y++)
		for (int x = r.left; x < r.left + r.width; x++) {
			size_t at = (size_t) y * f->width + x;
			const VipsPel *p = pixels + at * f->bands;
			if (f->index[at] == MOST_COLOURS)
				f->index[at] = look_up(f->palette, p[0], p[1], p[2]);
		}
}

static int put_frame(Film *f, int frame) {
	gboolean own = frame && f->each;
	if (own && prepare(f, frame, 1))
		return -1;
	int written = draw(f, frame);
	VipsRect r = changed(f);
	fill_in(f, frame, r, written);
	int delay = frame < f->n_delays ? f->delays[frame] : f->n_delays ? f->delays[f->n_delays - 1] : 100;
	put(f, "\x21\xf9\x04", 3);
	put(f, &(guint8) { (f->holes ? 2 : 1) << 2 | 1 }, 1); // cleared afterwards, or left; with an index that is transparent
	put16(f, VIPS_CLIP(0, (delay + 5) / 10, 65535));
	put16(f, f->palette->n);
	put(f, ",", 1);
	put16(f, r.left);
	put16(f, r.top);
	put16(f, r.width);
	put16(f, r.height);
	put(f, &(guint8) { own ? 0x80 | (depth(f) - 1) : 0 }, 1);
	if (own)
		put_palette(f);
	put_pixels(f, r);
	return 0;
}

static void put_head(Film *f, int loop) {
	put(f, "GIF89a", 6);
	put16(f, f->width);
	put16(f, f->height);
	put(f, &(guint8) { 0xf0 | (depth(f) - 1) }, 1);
	put16(f, 0);
	put_palette(f);
	if (f->frames > 1 && loop != 1) {
		put(f, "\x21\xff\x0bNETSCAPE2.0\x03\x01", 16);
		put16(f, loop > 1 ? VIPS_MIN(loop - 1, 65535) : 0);
		put(f, "", 1);
	}
}

static int put_film(Film *f, int loop) {
	for (size_t i = 0; f->bands == 4 && !f->holes && i < (size_t) f->width * f->height * f->frames; i++)
		f->holes = f->pixels[4 * i + 3] < 128;
	if (prepare(f, 0, f->frames))
		return -1;
	f->each = f->frames > 1 && f->lost > too_much;
	if (f->each && prepare(f, 0, 1))
		return -1;
	put_head(f, loop);
	for (int i = 0; i < f->frames; i++) {
		if (tp_late()) {
			vips_error("teamspro", "killed for want of time");
			return -1;
		}
		if (put_frame(f, i))
			return -1;
	}
	put(f, ";", 1);
	return 0;
}

// tp_gif_write writes a picture of three or four bands of eight bits, or frames on top of each other, without any metadata but
// their timing. It is given back as memory to be freed with g_free.
int tp_gif_write(VipsImage *in, void **data, size_t *size) {
	VipsImage *memory = vips_image_copy_memory(in);
	if (!memory)
		return -1;
	int height = vips_image_get_page_height(memory), loop = 0;
	Film f = { .out = g_byte_array_new(), .pixels = VIPS_IMAGE_ADDR(memory, 0, 0), .width = memory->Xsize, .height = height,
		.frames = memory->Ysize / height, .bands = memory->Bands };
	size_t pixels = (size_t) f.width * height;
	f.palette = g_try_malloc(sizeof(Palette));
	f.index = g_try_malloc(pixels);
	f.shown = g_try_malloc(pixels * sizeof(unsigned));
	f.errors = g_try_malloc(sizeof(int) * 6 * (f.width + 2));
	f.codes = g_try_malloc(sizeof(unsigned) * 16384);
	if (vips_image_get_typeof(memory, "delay") && vips_image_get_array_int(memory, "delay", &f.delays, &f.n_delays))
		f.n_delays = 0;
	if (vips_image_get_typeof(memory, "loop") && vips_image_get_int(memory, "loop", &loop))
		loop = 0;
	int bad = memory->BandFmt != VIPS_FORMAT_UCHAR || f.bands < 3 || f.bands > 4 || f.width > 65535 || height > 65535;
	if (!bad && (!f.palette || !f.index || !f.shown || !f.errors || !f.codes)) {
		vips_error("teamspro", "out of memory");
		bad = TRUE;
	}
	bad = bad || put_film(&f, loop);
	*size = f.out->len;
	*data = g_byte_array_free(f.out, bad);
	g_free(f.palette);
	g_free(f.index);
	g_free(f.shown);
	g_free(f.errors);
	g_free(f.codes);
	g_object_unref(memory);
	return bad ? -1 : 0;
}
