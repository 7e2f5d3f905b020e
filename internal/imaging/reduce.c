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
static int behind(int from, int to) { return ((int) (6.0 * from / to) + 2) & ~1; }

// aligned is memory for vectors, all zero.
static void *aligned(size_t n) {
	void *p = NULL;
	return posix_memalign(&p, 32, n) ? NULL : memset(p, 0, n);
}

static double sinc(double x) { return fabs(x) < 1e-9 ? 1 : sin(G_PI * x) / (G_PI * x); }

// spots computes where all pixels of the smaller side lie: Lanczos with three lobes, widened by the factor. What would lie
// outside counts for the pixel at the edge. For rows, all spots have as many taps, each repeated for the values of a pixel.
static Spot *spots(int from, int to, int rows) {
	double factor = (double) from / to;
	int most = behind(from, to), repeat = rows ? 4 : 1;
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

// widen makes numbers of the bytes of n pixels. Of three bands, the fourth number is of no meaning.
ANY void widen(const VipsPel *in, int bands, int n, Pixel *wide) {
	for (int x = 0; x < n - 1; x++, in += bands)
		wide[x] = numbers(in);
	VipsPel last[4] = { 0 };
	memcpy(last, in, bands);
	wide[n - 1] = numbers(last);
}

// mix makes a row shorter, two of its pixels at a time. All spots have as many taps, or the processor would guess wrongly
// how many there are with each pixel; some of them count for nothing, and may lie behind the row.
ANY void mix(const Pixel *wide, Pixel *out, int to, const Spot *s) {
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
		out[x] = low + high;
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
	for (int x = 0; x < n - 1; x++, out += bands)
		bytes(in[x], out);
	VipsPel last[4];
	bytes(in[n - 1], last);
	memcpy(out, last, bands);
}

ANY void across(const VipsPel *in, int bands, int from, Pixel *wide, Pixel *out, int to, const Spot *s) {
	widen(in, bands, from, wide);
	mix(wide, out, to, s);
}

ANY void down(Pixel **rows, const Spot *s, Pixel *mixed, VipsPel *out, int n, int bands) {
	add_up(rows, s->taps, s->n, mixed, n);
	narrow(mixed, out, n, bands);
}

// Ways are the two, of which one is chosen by the processor.
typedef struct {
	void (*across)(const VipsPel *in, int bands, int from, Pixel *wide, Pixel *out, int to, const Spot *s);
	void (*down)(Pixel **rows, const Spot *s, Pixel *mixed, VipsPel *out, int n, int bands);
	void (*narrow)(const Pixel *in, VipsPel *out, int n, int bands);
} Ways;

#define WAY(name, how) \
	how static void across_##name(const VipsPel *in, int bands, int from, Pixel *wide, Pixel *out, int to, const Spot *s) { \
		across(in, bands, from, wide, out, to, s); \
	} \
	how static void down_##name(Pixel **rows, const Spot *s, Pixel *mixed, VipsPel *out, int n, int bands) { \
		down(rows, s, mixed, out, n, bands); \
	} \
	how static void narrow_##name(const Pixel *in, VipsPel *out, int n, int bands) { narrow(in, out, n, bands); } \
	static const Ways name = { across_##name, down_##name, narrow_##name };

WAY(plain, )

#ifdef __x86_64__
WAY(wide_ones, __attribute__((target("avx2,fma"))))
static const Ways *ways(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &wide_ones : &plain; }
#else
static const Ways *ways(void) { return &plain; }
#endif

// TpReducer takes rows of four bytes a pixel from top to bottom, and writes those of a smaller picture as soon as it can.
struct TpReducer {
	int from, width, height;
	Spot *across, *down;
	int most;	  // rows that one row of the result is mixed of, at most
	int seen;	  // rows taken so far
	int done;	  // rows written
	const Ways *ways;
	Pixel *wide;  // the row as numbers
	Pixel *kept;  // the last rows, made shorter already, one after another and around
	Pixel *mixed; // a row of the result
	Pixel **rows;
};

TpReducer *tp_reducer_new(int from_width, int from_height, int width, int height) {
	TpReducer *r = g_try_malloc0(sizeof(TpReducer));
	if (!r)
		return NULL;
	*r = (TpReducer) { .from = from_width, .width = width, .height = height, .ways = ways() };
	r->across = spots(from_width, width, TRUE);
	r->down = spots(from_height, height, FALSE);
	for (int y = 0; r->down && y < height; y++)
		r->most = VIPS_MAX(r->most, r->down[y].n);
	size_t stride = (width + 3) & ~3;
	r->wide = aligned((size_t) (from_width + behind(from_width, width)) * sizeof(Pixel));
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

void tp_reducer_row(TpReducer *r, const VipsPel *row, VipsImage *out) {
	r->ways->across(row, 4, r->from, r->wide, kept(r, r->seen), r->width, r->across);
	r->seen++;
	for (; r->done < r->height; r->done++) {
		const Spot *s = r->down + r->done;
		if (s->first + s->n > r->seen)
			return;
		for (int k = 0; k < s->n; k++)
			r->rows[k] = kept(r, s->first + k);
		r->ways->down(r->rows, s, r->mixed, VIPS_IMAGE_ADDR(out, 0, r->done), r->width, out->Bands);
	}
}

// tp_reduce_rows makes the rows of an image of three or four bytes a pixel shorter. It computes them at once, into memory.
int tp_reduce_rows(VipsImage *in, int width, VipsImage **out) {
	if (in->BandFmt != VIPS_FORMAT_UCHAR || in->Bands < 3 || in->Bands > 4 || in->Coding != VIPS_CODING_NONE || width >= in->Xsize) {
		vips_error("teamspro", "rows that cannot be made shorter");
		return -1;
	}
	VipsImage *memory = vips_image_copy_memory(in), *made = vips_image_new_memory();
	Pixel *wide = aligned((size_t) (in->Xsize + behind(in->Xsize, width)) * sizeof(Pixel)), *mixed = aligned((size_t) width * sizeof(Pixel));
	Spot *s = spots(in->Xsize, width, TRUE);
	int bad = !memory || !wide || !mixed || !s || vips_image_pipelinev(made, VIPS_DEMAND_STYLE_ANY, memory, NULL);
	if (!bad) {
		made->Xsize = width;
		bad = vips_image_write_prepare(made);
	}
	for (int y = 0; !bad && y < made->Ysize; y++) {
		ways()->across(VIPS_IMAGE_ADDR(memory, 0, y), memory->Bands, memory->Xsize, wide, mixed, width, s);
		ways()->narrow(mixed, VIPS_IMAGE_ADDR(made, 0, y), width, made->Bands);
	}
	free_spots(s);
	free(wide);
	free(mixed);
	if (memory)
		g_object_unref(memory);
	if (bad) {
		g_object_unref(made);
		return -1;
	}
	*out = made;
	return 0;
}
