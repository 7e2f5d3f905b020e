#include "bridge.h"

#include <malloc.h>

static gint64 deadline;

// tp_setup makes libvips what a worker needs: no loaders for formats that are attacked most, nothing remembered between
// pictures, one thread a picture (the pool runs as many pictures as there are cores). Memory of up to some megabytes is
// used again instead of being given back and asked for with each picture: the system would clear every page of it anew.
void tp_setup(void) {
	mallopt(M_MMAP_THRESHOLD, 8 << 20);
	mallopt(M_TRIM_THRESHOLD, 32 << 20);
	vips_block_untrusted_set(TRUE);
	vips_cache_set_max(0);
	vips_cache_set_max_mem(0);
	vips_cache_set_max_files(0);
	vips_concurrency_set(1);
}

void tp_tidy(void) { malloc_trim(0); }

int tp_has(const char *operation) { return vips_type_find("VipsOperation", operation) != 0; }

void tp_deadline(gint64 microseconds) { deadline = g_get_monotonic_time() + microseconds; }

int tp_late(void) { return g_get_monotonic_time() > deadline; }

static void tick(VipsImage *image, VipsProgress *progress, void *data) {
	(void) progress; (void) data;
	if (tp_late())
		vips_image_set_kill(image, TRUE);
}

// tp_watch ends the evaluation of an image when the deadline is over.
void tp_watch(VipsImage *in) {
	vips_image_set_progress(in, TRUE);
	g_signal_connect(in, "eval", G_CALLBACK(tick), NULL);
}

#define LOAD "access", access, "fail_on", VIPS_FAIL_ON_TRUNCATED

int tp_load(int loader, const void *data, size_t size, int shrink, int pages, int anyhow, VipsImage **out) {
	VipsAccess access = anyhow ? VIPS_ACCESS_RANDOM : VIPS_ACCESS_SEQUENTIAL;
	void *p = (void *) data;
	switch (loader) {
	case TP_JPEG: return vips_jpegload_buffer(p, size, out, "shrink", shrink, LOAD, NULL);
	case TP_PNG: return vips_pngload_buffer(p, size, out, LOAD, NULL);
	case TP_WEBP: return vips_webpload_buffer(p, size, out, "n", pages, LOAD, NULL);
	case TP_GIF: return vips_gifload_buffer(p, size, out, "n", pages, LOAD, NULL);
	case TP_HEIF: return vips_heifload_buffer(p, size, out, LOAD, NULL);
	case TP_TIFF: return vips_tiffload_buffer(p, size, out, LOAD, NULL);
	}
	vips_error("teamspro", "no such loader");
	return -1;
}

int tp_save(VipsImage *in, const TpSave *how, void **data, size_t *size) {
	switch (how->format) {
	case TP_JPEG: return vips_jpegsave_buffer(in, data, size, "Q", how->quality, "optimize_coding", TRUE, "strip", how->strip, NULL);
	case TP_PNG:
		if (how->palette)
			return vips_pngsave_buffer(in, data, size, "palette", TRUE, "Q", how->quality, "effort", how->effort, "strip", how->strip, NULL);
		return vips_pngsave_buffer(in, data, size, "compression", 6, "strip", how->strip, NULL);
	case TP_WEBP: return vips_webpsave_buffer(in, data, size, "Q", how->quality, "effort", how->effort, "strip", how->strip, NULL);
	case TP_GIF: return tp_gif_write(in, data, size);
	case TP_HEIF:
		return vips_heifsave_buffer(in, data, size, "Q", how->quality, "effort", how->effort,
			"compression", VIPS_FOREIGN_HEIF_COMPRESSION_AV1, "strip", how->strip, NULL);
	}
	vips_error("teamspro", "no such format");
	return -1;
}

int tp_memory(VipsImage *in, VipsImage **out) {
	tp_watch(in);
	return (*out = vips_image_copy_memory(in)) ? 0 : -1;
}

int tp_pixels(VipsImage *in, void **data, size_t *size) {
	tp_watch(in);
	return (*data = vips_image_write_to_memory(in, size)) ? 0 : -1;
}

int tp_from_pixels(const void *data, size_t size, int width, int height, int bands, VipsImage **out) {
	*out = vips_image_new_from_memory_copy(data, size, width, height, bands, VIPS_FORMAT_UCHAR);
	if (*out)
		(*out)->Type = bands < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
	return *out ? 0 : -1;
}

// tp_srgb gives three or four bands of eight bits in sRGB. A profile that cannot be applied is left out of account.
int tp_srgb(VipsImage *in, int profile, VipsImage **out) {
	VipsImage *t = NULL;
	int bad;
	if (profile && vips_image_get_typeof(in, VIPS_META_ICC_NAME)) {
		if (!vips_icc_transform(in, &t, "srgb", "embedded", TRUE, "intent", VIPS_INTENT_PERCEPTUAL, NULL)) {
			bad = vips_colourspace(t, out, VIPS_INTERPRETATION_sRGB, NULL);
			g_object_unref(t);
			return bad;
		}
		vips_error_clear();
	}
	if (in->Type == VIPS_INTERPRETATION_CMYK && !vips_icc_transform(in, &t, "srgb", "input_profile", "cmyk", NULL)) {
		bad = vips_colourspace(t, out, VIPS_INTERPRETATION_sRGB, NULL);
		g_object_unref(t);
		return bad;
	}
	vips_error_clear();
	if (vips_colourspace(in, &t, VIPS_INTERPRETATION_sRGB, NULL))
		return -1;
	if (t->BandFmt == VIPS_FORMAT_UCHAR && t->Bands <= 4) {
		*out = t;
		return 0;
	}
	VipsImage *u = NULL;
	bad = vips_extract_band(t, &u, 0, "n", VIPS_MIN(t->Bands, 4), NULL) || vips_cast_uchar(u, out, NULL);
	g_object_unref(t);
	if (u)
		g_object_unref(u);
	return bad ? -1 : 0;
}

// tp_grey takes the colours away and keeps the number of bands.
int tp_grey(VipsImage *in, VipsImage **out) {
	VipsImage *t = NULL;
	if (vips_colourspace(in, &t, VIPS_INTERPRETATION_B_W, NULL))
		return -1;
	int bad = vips_colourspace(t, out, VIPS_INTERPRETATION_sRGB, NULL);
	g_object_unref(t);
	return bad;
}

int tp_one_band(VipsImage *in, VipsImage **out) { return vips_colourspace(in, out, VIPS_INTERPRETATION_B_W, NULL); }

int tp_upright(VipsImage *in, VipsImage **out) { return vips_autorot(in, out, NULL); }

void tp_paged(VipsImage *image, int height) { vips_image_set_int(image, VIPS_META_PAGE_HEIGHT, height); }

void tp_orient(VipsImage *image, int orientation) { vips_image_set_int(image, VIPS_META_ORIENTATION, orientation); }

int tp_extract(VipsImage *in, int left, int top, int width, int height, VipsImage **out) {
	return vips_extract_area(in, out, left, top, width, height, NULL);
}

int tp_rotate(VipsImage *in, int quarters, VipsImage **out) { return vips_rot(in, out, (VipsAngle) quarters, NULL); }

int tp_flip(VipsImage *in, int vertical, VipsImage **out) {
	return vips_flip(in, out, vertical ? VIPS_DIRECTION_VERTICAL : VIPS_DIRECTION_HORIZONTAL, NULL);
}

int tp_embed(VipsImage *in, int x, int y, int width, int height, double *color, int n, VipsImage **out) {
	VipsArrayDouble *a = vips_array_double_new(color, n);
	int bad = vips_embed(in, out, x, y, width, height, "extend", VIPS_EXTEND_BACKGROUND, "background", a, NULL);
	vips_area_unref((VipsArea *) a);
	return bad;
}

int tp_flatten(VipsImage *in, double *color, VipsImage **out) {
	VipsArrayDouble *a = vips_array_double_new(color, 3);
	int bad = vips_flatten(in, out, "background", a, NULL);
	vips_area_unref((VipsArea *) a);
	return bad;
}

int tp_bands(VipsImage *in, int first, int n, VipsImage **out) { return vips_extract_band(in, out, first, "n", n, NULL); }

int tp_join_bands(VipsImage *a, VipsImage *b, VipsImage **out) { return vips_bandjoin2(a, b, out, NULL); }

int tp_opaque(VipsImage *in, VipsImage **out) { return vips_bandjoin_const1(in, out, 255, NULL); }

// tp_mask_alpha multiplies the last band by a mask.
int tp_mask_alpha(VipsImage *in, VipsImage *mask, VipsImage **out) {
	VipsImage *base = vips_image_new();
	VipsImage **t = (VipsImage **) vips_object_local_array(VIPS_OBJECT(base), 5);
	int bad = vips_extract_band(in, &t[0], in->Bands - 1, NULL) ||
		vips_multiply(t[0], mask, &t[1], NULL) ||
		vips_linear1(t[1], &t[2], 1.0 / 255, 0.5, "uchar", TRUE, NULL) ||
		vips_extract_band(in, &t[3], 0, "n", in->Bands - 1, NULL) ||
		vips_bandjoin2(t[3], t[2], out, NULL);
	g_object_unref(base);
	return bad ? -1 : 0;
}

// weighed runs an operation that mixes neighbouring pixels with colours weighed by their opacity.
typedef int (*Mix)(VipsImage *in, VipsImage **out, double a);

static int weighed(VipsImage *in, VipsImage **out, double a, Mix mix) {
	if (in->Bands != 4)
		return mix(in, out, a);
	VipsImage *base = vips_image_new();
	VipsImage **t = (VipsImage **) vips_object_local_array(VIPS_OBJECT(base), 3);
	int bad = vips_premultiply(in, &t[0], NULL) || mix(t[0], &t[1], a) || vips_unpremultiply(t[1], &t[2], NULL) ||
		vips_cast_uchar(t[2], out, NULL);
	g_object_unref(base);
	return bad ? -1 : 0;
}

static int mix_blur(VipsImage *in, VipsImage **out, double a) {
	return vips_gaussblur(in, out, a, "min_ampl", 0.1, NULL);
}

int tp_blur(VipsImage *in, double sigma, VipsImage **out) { return weighed(in, out, sigma, mix_blur); }

// tp_resize scales; the kernel is VIPS_KERNEL_LANCZOS3 for pictures, another for effects.
int tp_resize(VipsImage *in, double h, double v, int kernel, VipsImage **out) {
	if (in->Bands != 4)
		return vips_resize(in, out, h, "vscale", v, "kernel", kernel, NULL);
	VipsImage *base = vips_image_new();
	VipsImage **t = (VipsImage **) vips_object_local_array(VIPS_OBJECT(base), 4);
	int bad = vips_premultiply(in, &t[0], NULL) || vips_cast_uchar(t[0], &t[1], NULL) ||
		vips_resize(t[1], &t[2], h, "vscale", v, "kernel", kernel, NULL) ||
		vips_unpremultiply(t[2], &t[3], NULL) || vips_cast_uchar(t[3], out, NULL);
	g_object_unref(base);
	return bad ? -1 : 0;
}

int tp_sharpen(VipsImage *in, double sigma, VipsImage **out) {
	VipsImage *t = NULL;
	if (vips_sharpen(in, &t, "sigma", sigma, NULL))
		return -1;
	int bad = vips_colourspace(t, out, VIPS_INTERPRETATION_sRGB, NULL);
	g_object_unref(t);
	return bad;
}

// tp_table replaces the values of the colours by those of a table of 256 bytes; opacity stays.
int tp_table(VipsImage *in, const void *table, VipsImage **out) {
	VipsImage *lut = vips_image_new_from_memory_copy(table, 256, 256, 1, 1, VIPS_FORMAT_UCHAR);
	if (!lut)
		return -1;
	if (in->Bands != 4) {
		int bad = vips_maplut(in, out, lut, NULL);
		g_object_unref(lut);
		return bad;
	}
	VipsImage *base = vips_image_new();
	VipsImage **t = (VipsImage **) vips_object_local_array(VIPS_OBJECT(base), 3);
	int bad = vips_extract_band(in, &t[0], 0, "n", 3, NULL) || vips_maplut(t[0], &t[1], lut, NULL) ||
		vips_extract_band(in, &t[2], 3, NULL) || vips_bandjoin2(t[1], t[2], out, NULL);
	g_object_unref(base);
	g_object_unref(lut);
	return bad ? -1 : 0;
}

// tp_recomb mixes the three colours by a matrix; opacity stays.
int tp_recomb(VipsImage *in, const double *nine, VipsImage **out) {
	VipsImage *base = vips_image_new();
	VipsImage **t = (VipsImage **) vips_object_local_array(VIPS_OBJECT(base), 5);
	int bad = !(t[0] = vips_image_new_matrix_from_array(3, 3, nine, 9)) ||
		vips_extract_band(in, &t[1], 0, "n", 3, NULL) || vips_recomb(t[1], &t[2], t[0], NULL) ||
		vips_cast_uchar(t[2], &t[3], NULL);
	if (!bad && in->Bands == 4)
		bad = vips_extract_band(in, &t[4], 3, NULL) || vips_bandjoin2(t[3], t[4], out, NULL);
	else if (!bad)
		bad = vips_copy(t[3], out, "interpretation", VIPS_INTERPRETATION_sRGB, NULL);
	g_object_unref(base);
	return bad ? -1 : 0;
}

// tp_trim finds what is not border. The border is the colour of the first pixel.
int tp_trim(VipsImage *in, double threshold, int *left, int *top, int *width, int *height) {
	double *corner = NULL;
	int n = 0;
	VipsImage *t = NULL;
	if (in->Bands == 4) { // what is transparent has no colour
		VipsImage *u = NULL, *v = NULL;
		int failed = vips_premultiply(in, &u, NULL) || vips_cast_uchar(u, &v, NULL) || vips_extract_band(v, &t, 0, "n", 3, NULL);
		if (u)
			g_object_unref(u);
		if (v)
			g_object_unref(v);
		if (failed)
			return -1;
	} else {
		g_object_ref(t = in);
	}
	int bad = vips_getpoint(t, &corner, &n, 0, 0, NULL);
	if (!bad) {
		VipsArrayDouble *a = vips_array_double_new(corner, n);
		bad = vips_find_trim(t, left, top, width, height, "threshold", threshold, "background", a, NULL);
		vips_area_unref((VipsArea *) a);
		g_free(corner);
	}
	g_object_unref(t);
	return bad;
}

// tp_smart finds the part of a size that draws the eye.
int tp_smart(VipsImage *in, int width, int height, int *left, int *top) {
	VipsImage *t = NULL;
	if (vips_smartcrop(in, &t, width, height, "interesting", VIPS_INTERESTING_ATTENTION, NULL))
		return -1;
	*left = -t->Xoffset;
	*top = -t->Yoffset;
	g_object_unref(t);
	return 0;
}

// tp_text sets words as a mask of one band, in lines no wider than width.
int tp_text(const char *markup, const char *font, int width, VipsImage **out) {
	return vips_text(out, markup, "font", font, "dpi", 72, "width", width, "wrap", VIPS_TEXT_WRAP_WORD_CHAR, NULL);
}

// tp_over lays a picture with opacity over another, which keeps its size and number of bands.
int tp_over(VipsImage *in, VipsImage *over, int x, int y, VipsImage **out) {
	VipsImage *base = vips_image_new();
	VipsImage **t = (VipsImage **) vips_object_local_array(VIPS_OBJECT(base), 3);
	int bad = vips_embed(over, &t[0], x, y, in->Xsize, in->Ysize, NULL) ||
		vips_composite2(in, t[0], &t[1], VIPS_BLEND_MODE_OVER, NULL) ||
		vips_extract_band(t[1], &t[2], 0, "n", in->Bands, NULL) ||
		vips_cast_uchar(t[2], out, NULL);
	g_object_unref(base);
	return bad ? -1 : 0;
}

// tp_tile repeats a picture over an area.
int tp_tile(VipsImage *in, int width, int height, VipsImage **out) {
	VipsImage *t = NULL;
	if (vips_replicate(in, &t, 1 + width / in->Xsize, 1 + height / in->Ysize, NULL))
		return -1;
	int bad = vips_extract_area(t, out, 0, 0, width, height, NULL);
	g_object_unref(t);
	return bad;
}

int tp_draw_rect(VipsImage *image, double *color, int n, int left, int top, int width, int height) {
	return vips_draw_rect(image, color, n, left, top, width, height, "fill", TRUE, NULL);
}

int tp_draw_mask(VipsImage *image, double *color, int n, VipsImage *mask, int x, int y) {
	return vips_draw_mask(image, color, n, mask, x, y, NULL);
}

int tp_draw_image(VipsImage *image, VipsImage *sub, int x, int y) { return vips_draw_image(image, sub, x, y, NULL); }

// tp_stack puts pictures of one width on top of each other.
int tp_stack(VipsImage **in, int n, VipsImage **out) { return vips_arrayjoin(in, out, n, "across", 1, NULL); }

// tp_animate tells savers that an image is a stack of frames of a height, with the timing of another.
int tp_animate(VipsImage *in, int height, int n, VipsImage *from, VipsImage **out) {
	int *delay = NULL, delays = 0, loop = 0;
	if (vips_copy(in, out, NULL))
		return -1;
	vips_image_set_int(*out, VIPS_META_PAGE_HEIGHT, height);
	vips_image_set_int(*out, VIPS_META_N_PAGES, n);
	if (vips_image_get_typeof(from, "delay") && !vips_image_get_array_int(from, "delay", &delay, &delays))
		vips_image_set_array_int(*out, "delay", delay, VIPS_MIN(delays, n));
	if (vips_image_get_typeof(from, "loop") && !vips_image_get_int(from, "loop", &loop))
		vips_image_set_int(*out, "loop", loop);
	return 0;
}

// kept are the fields that savers need and that tell nothing of where and by whom a picture was made.
static const char *const kept[] = { "delay", "loop", NULL };

// tp_plain takes off what may tell of the picture as it was: its frames and the small copy in EXIF data, and unless
// metadata is to be kept every field there is (in 8.14 the "strip" of webpsave leaves them in).
int tp_plain(VipsImage *in, int strip, VipsImage **out) {
	if (vips_copy(in, out, NULL))
		return -1;
	vips_image_remove(*out, "jpeg-thumbnail-data");
	vips_image_remove(*out, VIPS_META_PAGE_HEIGHT);
	vips_image_remove(*out, VIPS_META_N_PAGES);
	if (!strip)
		return 0;
	char **fields = vips_image_get_fields(*out);
	for (int i = 0; fields && fields[i]; i++)
		if (!g_strv_contains(kept, fields[i]))
			vips_image_remove(*out, fields[i]);
	g_strfreev(fields);
	return 0;
}

// tp_embed_copy cuts or extends to a size, repeating the last pixels.
int tp_embed_copy(VipsImage *in, int width, int height, VipsImage **out) {
	return vips_embed(in, out, 0, 0, width, height, "extend", VIPS_EXTEND_COPY, NULL);
}
