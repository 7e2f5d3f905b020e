// Making pictures smaller, which libvips 8.14 does a value at a time along rows: the values of a pixel are one vector here,
// and two pixels are worked on at once.
#include "bridge.h"

#include <math.h>
#include <stdlib.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

typedef float Pixel __attribute__((vector_size(16)));
typedef float Pair __attribute__((vector_size(32)));

// Spot is where a pixel of the smaller side lies in the longer one, and how much it takes of each pixel there.
typedef struct {
	int first; // pixel of the source
	int n;	   // taps
	const float *taps;
} Spot;

// behind is how many pixels of no meaning must lie behind a row for the spots of rows.
static int behind(double factor) { return ((int) (6 * factor) + 2) & ~1; }

// aligned is memory for vectors, all zero.
static void *aligned(size_t n) {
	void *p = NULL;
	return posix_memalign(&p, 32, n) ? NULL : memset(p, 0, n);
}

static double sinc(double x) { return fabs(x) < 1e-9 ? 1 : sin(G_PI * x) / (G_PI * x); }

// spots computes where all pixels of the smaller side lie: Lanczos with three lobes, widened by the factor. What would lie
// outside counts for the pixel at the edge. For rows, all spots have as many taps, each repeated for the values of a pixel.
static Spot *spots(int from, int to, double factor, int rows) {
	int most = behind(factor), repeat = rows ? 4 : 1;
	Spot *s = g_try_malloc(to * sizeof(Spot));
	float *taps = aligned((size_t) to * most * repeat * sizeof(float));
	if (!s || !taps) {
		g_free(s);
		free(taps);
		vips_error("teamspro", "out of memory");
		return NULL;
	}
	for (int i = 0; i < to; i++) {
		double middle = (i + 0.5) * factor - 0.5, sum = 0;
		int low = (int) ceil(middle - 3 * factor), high = (int) floor(middle + 3 * factor);
		int first = VIPS_CLIP(0, low, from - 1), last = VIPS_CLIP(0, high, from - 1);
		float *t = taps + (size_t) i * most * repeat;
		for (int x = low; x <= high; x++) {
			double d = (x - middle) / factor, weight = sinc(d) * sinc(d / 3);
			t[(VIPS_CLIP(first, x, last) - first) * repeat] += weight;
			sum += weight;
		}
		for (int k = 0; k <= last - first; k++)
			for (int r = repeat - 1; r >= 0; r--)
				t[k * repeat + r] = t[k * repeat] / sum;
		s[i] = (Spot) { first, rows ? most : last - first + 1, t };
	}
	return s;
}

static void free_spots(Spot *s) {
	if (s)
		free((void *) s[0].taps);
	g_free(s);
}

// What follows exists twice: for any processor, and for those that work on two pixels in one instruction.
#define ANY static inline __attribute__((always_inline))

// numbers and bytes of a pixel: compilers do this a value at a time.
#ifdef __SSE2__
ANY Pixel numbers(const VipsPel *four) {
	int bits;
	memcpy(&bits, four, sizeof bits);
	__m128i zero = _mm_setzero_si128(), v = _mm_unpacklo_epi16(_mm_unpacklo_epi8(_mm_cvtsi32_si128(bits), zero), zero);
	return (Pixel) _mm_cvtepi32_ps(v);
}

ANY void bytes(Pixel p, VipsPel *four) {
	__m128i v = _mm_cvtps_epi32((__m128) p);
	v = _mm_packs_epi32(v, v);
	int bits = _mm_cvtsi128_si32(_mm_packus_epi16(v, v));
	memcpy(four, &bits, sizeof bits);
}
#else
ANY Pixel numbers(const VipsPel *four) { return (Pixel) { four[0], four[1], four[2], four[3] }; }

ANY void bytes(Pixel p, VipsPel *four) {
	for (int i = 0; i < 4; i++)
		four[i] = (VipsPel) VIPS_CLIP(0, (int) (p[i] + 0.5f), 255);
}
#endif

ANY Pixel opaque_part(float a, float alpha) { return (Pixel) { a, a, a, alpha }; }

// widen makes numbers of the bytes of n pixels, or adds them to those there. Of three bands, the fourth number is of no
// meaning; of four, colours count as much as they are opaque.
ANY void widen(const VipsPel *in, int bands, int n, int add, Pixel *wide) {
	VipsPel last[4] = { 0 };
	memcpy(last, in + (size_t) bands * (n - 1), bands);
	for (int x = 0; x < n; x++, in += bands) {
		Pixel p = numbers(x < n - 1 ? in : last);
		if (bands == 4)
			p *= opaque_part(p[3] * (1 / 255.0f), 1);
		wide[x] = add ? wide[x] + p : p;
	}
}

// mix makes a row shorter, two of its pixels at a time. All spots have as many taps, or the processor would guess wrongly
// how many there are with each pixel; some of them count for nothing, and may lie behind the row.
ANY void mix(const Pixel *wide, Pixel *out, int to, const Spot *s, float part) {
	int n = s[0].n / 2;
	for (int x = 0; x < to; x++) {
		const Pixel *p = wide + s[x].first;
		const Pair *t = (const Pair *) s[x].taps;
		Pair sum = { 0 };
		for (int k = 0; k < n; k++) {
			Pair two;
			memcpy(&two, p + 2 * k, sizeof two);
			sum += two * t[k];
		}
		Pixel low, high;
		memcpy(&low, &sum, sizeof low);
		memcpy(&high, (char *) &sum + sizeof low, sizeof high);
		out[x] = (low + high) * part;
	}
}

// add_up mixes rows, whose lengths are multiples of four.
ANY void add_up(Pixel **rows, const float *taps, int n, Pixel *out, int to) {
	for (int x = 0; x < to; x += 4) {
		Pair a = { 0 }, b = { 0 };
		for (int k = 0; k < n; k++) {
			Pair v, w;
			memcpy(&v, rows[k] + x, sizeof v);
			memcpy(&w, rows[k] + x + 2, sizeof w);
			a += v * taps[k];
			b += w * taps[k];
		}
		memcpy(out + x, &a, sizeof a);
		memcpy(out + x + 2, &b, sizeof b);
	}
}

// narrow makes bytes of numbers. Of three bands it writes a fourth byte, which the next pixel writes over.
ANY void narrow(const Pixel *in, VipsPel *out, int n, int bands) {
	VipsPel last[4];
	for (int x = 0; x < n; x++, out += bands) {
		Pixel p = in[x];
		if (bands == 4)
			p *= opaque_part(p[3] > 0.5f ? 255 / p[3] : 0, 1);
		bytes(p, x < n - 1 ? out : last);
	}
	memcpy(out - bands, last, bands);
}

ANY void down(Pixel **rows, const Spot *s, Pixel *mixed, VipsPel *out, int n, int bands) {
	add_up(rows, s->taps, s->n, mixed, n);
	narrow(mixed, out, n, bands);
}

// Ways are the two, of which one is chosen by the processor.
typedef struct {
	void (*widen)(const VipsPel *in, int bands, int n, int add, Pixel *wide);
	void (*across)(const Pixel *wide, Pixel *out, int to, const Spot *s, float part);
	void (*down)(Pixel **rows, const Spot *s, Pixel *mixed, VipsPel *out, int n, int bands);
} Ways;

#define WAY(name, how) \
	how static void widen_##name(const VipsPel *in, int bands, int n, int add, Pixel *wide) { \
		if (bands == 4) \
			widen(in, 4, n, add, wide); \
		else \
			widen(in, 3, n, add, wide); \
	} \
	how static void across_##name(const Pixel *wide, Pixel *out, int to, const Spot *s, float part) { mix(wide, out, to, s, part); } \
	how static void down_##name(Pixel **rows, const Spot *s, Pixel *mixed, VipsPel *out, int n, int bands) { \
		down(rows, s, mixed, out, n, bands); \
	} \
	static const Ways name = { widen_##name, across_##name, down_##name };

WAY(plain, )

#ifdef __x86_64__
WAY(wide_ones, __attribute__((target("avx2,fma"))))
static const Ways *ways(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &wide_ones : &plain; }
#else
static const Ways *ways(void) { return &plain; }
#endif

// TpReducer takes rows of three or four bytes a pixel from top to bottom, and writes those of a smaller picture as soon as it
// can. Where much smaller is asked for, rows are added up first.
struct TpReducer {
	int from, from_height, width, height;
	Spot *across, *down;
	int box;	  // rows that are added up first
	int most;	  // such sums that one row of the result is mixed of, at most
	int taken;	  // rows
	int added;	  // of them to the present sum
	int seen;	  // sums
	int done;	  // rows written
	const Ways *ways;
	Pixel *wide;  // the sum
	Pixel *kept;  // the last sums, made shorter already, one after another and around
	Pixel *mixed; // a row of the result
	Pixel **rows;
};

TpReducer *tp_reducer_new(int from_width, int from_height, int width, int height) {
	TpReducer *r = g_try_malloc0(sizeof(TpReducer));
	if (!r)
		return NULL;
	double slope = (double) from_width / width, fall = (double) from_height / height;
	*r = (TpReducer) { .from = from_width, .from_height = from_height, .width = width, .height = height, .ways = ways() };
	r->box = VIPS_MAX(1, (int) (fall / 2));
	r->across = spots(from_width, width, slope, TRUE);
	r->down = spots((from_height + r->box - 1) / r->box, height, fall / r->box, FALSE);
	for (int y = 0; r->down && y < height; y++)
		r->most = VIPS_MAX(r->most, r->down[y].n);
	size_t stride = (width + 3) & ~3;
	r->wide = aligned((size_t) (from_width + behind(slope)) * sizeof(Pixel));
	r->kept = aligned(stride * r->most * sizeof(Pixel));
	r->mixed = aligned(stride * sizeof(Pixel));
	r->rows = g_try_malloc(r->most * sizeof(Pixel *));
	if (!r->across || !r->down || !r->wide || !r->kept || !r->mixed || !r->rows) {
		tp_reducer_free(r);
		vips_error("teamspro", "out of memory");
		return NULL;
	}
	return r;
}

void tp_reducer_free(TpReducer *r) {
	if (!r)
		return;
	free_spots(r->across);
	free_spots(r->down);
	free(r->wide);
	free(r->kept);
	free(r->mixed);
	g_free(r->rows);
	g_free(r);
}

static Pixel *kept(TpReducer *r, int y) { return r->kept + (size_t) (y % r->most) * ((r->width + 3) & ~3); }

// again begins another picture of the same sizes.
static void again(TpReducer *r) { r->taken = r->added = r->seen = r->done = 0; }

void tp_reducer_row(TpReducer *r, const VipsPel *row, int bands, VipsImage *out, int top) {
	r->ways->widen(row, bands, r->from, r->added > 0, r->wide);
	if (++r->added < r->box && r->taken + 1 < r->from_height) {
		r->taken++;
		return;
	}
	r->ways->across(r->wide, kept(r, r->seen), r->width, r->across, 1.0f / r->added);
	r->taken++;
	r->seen++;
	r->added = 0;
	for (; r->done < r->height; r->done++) {
		const Spot *s = r->down + r->done;
		if (s->first + s->n > r->seen)
			return;
		for (int k = 0; k < s->n; k++)
			r->rows[k] = kept(r, s->first + k);
		r->ways->down(r->rows, s, r->mixed, VIPS_IMAGE_ADDR(out, 0, top + r->done), r->width, out->Bands);
	}
}

// pass sends the rows of pages through a reducer, some at a time: the source is never held.
static int pass(VipsImage *in, int pages, TpReducer *r, VipsRegion *region, VipsImage *out) {
	int page = in->Ysize / pages;
	for (int y = 0; y < in->Ysize; y++) {
		if (y % page == 0)
			again(r);
		if (y % 16 == 0) {
			VipsRect part = { 0, y, in->Xsize, VIPS_MIN(16, in->Ysize - y) };
			if (tp_late()) {
				vips_error("teamspro", "killed for want of time");
				return -1;
			}
			if (vips_region_prepare(region, &part))
				return -1;
		}
		tp_reducer_row(r, VIPS_REGION_ADDR(region, 0, y), in->Bands, out, y / page * r->height);
	}
	return 0;
}

// tp_reduce makes a picture, or each of the pages that lie on top of each other in it, smaller at once, into memory: Lanczos with
// three lobes as libvips does it, but without threads and without the pictures between.
int tp_reduce(VipsImage *in, int width, int height, int pages, VipsImage **out) {
	if (in->BandFmt != VIPS_FORMAT_UCHAR || in->Bands < 3 || in->Bands > 4 || in->Coding != VIPS_CODING_NONE || width > in->Xsize ||
		height > in->Ysize / pages) {
		vips_error("teamspro", "rows that cannot be made shorter");
		return -1;
	}
	VipsImage *made = vips_image_new_memory();
	VipsRegion *region = NULL;
	TpReducer *r = tp_reducer_new(in->Xsize, in->Ysize / pages, width, height);
	int bad = !r || vips_image_pio_input(in) || !(region = vips_region_new(in)) ||
		vips_image_pipelinev(made, VIPS_DEMAND_STYLE_ANY, in, NULL);
	if (!bad) {
		made->Xsize = width;
		made->Ysize = height * pages;
		bad = vips_image_write_prepare(made) || pass(in, pages, r, region, made);
	}
	tp_reducer_free(r);
	if (region)
		g_object_unref(region);
	if (bad)
		g_object_unref(made);
	else
		*out = made;
	return bad ? -1 : 0;
}
