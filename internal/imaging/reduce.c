// Making rows shorter, which libvips 8.14 does a value at a time: four values of a pixel are one vector here.
#include "bridge.h"

#include <math.h>
#include <stdlib.h>

typedef float Pixel __attribute__((vector_size(16)));
typedef int Whole __attribute__((vector_size(16)));

typedef struct {
	int first; // pixel of the source
	int n;	   // taps
	const float *taps;
} Spot;

static double sinc(double x) { return fabs(x) < 1e-9 ? 1 : sin(G_PI * x) / (G_PI * x); }

// spots computes for each pixel of the shorter row where it lies in the longer one and how much it takes of each pixel
// there: Lanczos with three lobes, widened by the factor. What would lie outside counts for the pixel at the edge.
static Spot *spots(int from, int to) {
	double factor = (double) from / to;
	int most = (int) ceil(6 * factor) + 2;
	if (most > from)
		most = from;
	Spot *s = g_try_malloc(to * sizeof(Spot));
	float *taps = s ? g_try_malloc0((size_t) to * most * sizeof(float)) : NULL;
	if (!taps) {
		g_free(s);
		vips_error("teamspro", "out of memory");
		return NULL;
	}
	for (int i = 0; i < to; i++) {
		double middle = (i + 0.5) * factor - 0.5, sum = 0;
		int low = (int) ceil(middle - 3 * factor), high = (int) floor(middle + 3 * factor);
		int first = VIPS_CLIP(0, low, from - 1), last = VIPS_CLIP(0, high, from - 1);
		float *t = taps + (size_t) i * most;
		for (int x = low; x <= high; x++) {
			double d = (x - middle) / factor, weight = sinc(d) * sinc(d / 3);
			t[VIPS_CLIP(first, x, last) - first] += weight;
			sum += weight;
		}
		for (int k = 0; k <= last - first; k++)
			t[k] /= sum;
		s[i] = (Spot) { first, last - first + 1, t };
	}
	return s;
}

static void row(const VipsPel *in, int from, VipsPel *out, int to, int bands, const Spot *s, Pixel *wide) {
	for (int x = 0; x < from; x++, in += bands)
		wide[x] = (Pixel) { in[0], in[1], in[2], bands == 4 ? in[3] : 0 };
	for (int x = 0; x < to; x++, out += bands) {
		Pixel even = { 0.5f, 0.5f, 0.5f, 0.5f }, odd = { 0 }; // two sums, as each must wait for its last addition
		const Pixel *p = wide + s[x].first;
		const float *t = s[x].taps;
		int k = 0;
		for (; k + 1 < s[x].n; k += 2) {
			even += p[k] * t[k];
			odd += p[k + 1] * t[k + 1];
		}
		if (k < s[x].n)
			even += p[k] * t[k];
		Whole v = __builtin_convertvector(even + odd, Whole);
		v &= v > 0;
		v |= v > 255;
		out[0] = (VipsPel) v[0];
		out[1] = (VipsPel) v[1];
		out[2] = (VipsPel) v[2];
		if (bands == 4)
			out[3] = (VipsPel) v[3];
	}
}

// tp_reduce_rows makes the rows of an image of three or four bytes a pixel shorter. It computes them at once, into memory.
int tp_reduce_rows(VipsImage *in, int width, VipsImage **out) {
	if (in->BandFmt != VIPS_FORMAT_UCHAR || in->Bands < 3 || in->Bands > 4 || in->Coding != VIPS_CODING_NONE || width >= in->Xsize) {
		vips_error("teamspro", "rows that cannot be made shorter");
		return -1;
	}
	VipsImage *memory = vips_image_copy_memory(in), *made = vips_image_new_memory();
	Pixel *wide = NULL;
	Spot *s = NULL;
	int bad = !memory || posix_memalign((void **) &wide, 16, (size_t) in->Xsize * sizeof(Pixel)) ||
		!(s = spots(in->Xsize, width)) || vips_image_pipelinev(made, VIPS_DEMAND_STYLE_ANY, memory, NULL);
	if (!bad) {
		made->Xsize = width;
		bad = vips_image_write_prepare(made);
	}
	for (int y = 0; !bad && y < made->Ysize; y++)
		row(VIPS_IMAGE_ADDR(memory, 0, y), memory->Xsize, VIPS_IMAGE_ADDR(made, 0, y), width, made->Bands, s, wide);
	if (s)
		g_free((void *) s[0].taps);
	g_free(s);
	free(wide);
	if (memory)
		g_object_unref(memory);
	if (bad) {
		g_object_unref(made);
		return -1;
	}
	*out = made;
	return 0;
}
