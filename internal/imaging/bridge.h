// The calls of libvips that plans are run with: fixed arguments instead of variable ones, which Go cannot call.
// Each gives 0, or -1 with the reason in libvips' error buffer. Images that are given back belong to the caller.
#include <vips/vips.h>

typedef enum { TP_JPEG, TP_PNG, TP_WEBP, TP_GIF, TP_HEIF, TP_TIFF } TpLoader;

typedef struct {
	int format; // TpLoader
	int quality;
	int effort;
	int strip;
	int palette;
} TpSave;

// TpPart is a part of a JPEG as it is decoded, 1, 2, 4 or 8 times smaller.
typedef struct {
	int shrink, left, top, width, height;
	int profile; // is wanted
} TpPart;

typedef struct TpReducer TpReducer;

const char *tp_open(void);
void tp_setup(void);
void tp_tidy(void);
int tp_has(const char *operation);
void tp_deadline(gint64 microseconds);
int tp_late(void);
void tp_watch(VipsImage *in);

int tp_load(int loader, const void *data, size_t size, int shrink, int pages, int anyhow, VipsImage **out);
int tp_save(VipsImage *in, const TpSave *how, void **data, size_t *size);
int tp_jpeg_small(const void *data, size_t size, const TpPart *part, int width, int height, VipsImage **out);
int tp_jpeg_write(VipsImage *in, int quality, void **data, size_t *size);
int tp_gif_write(VipsImage *in, void **data, size_t *size);
int tp_memory(VipsImage *in, VipsImage **out);
int tp_pixels(VipsImage *in, void **data, size_t *size);
int tp_from_pixels(const void *data, size_t size, int width, int height, int bands, VipsImage **out);

int tp_srgb(VipsImage *in, int profile, VipsImage **out);
int tp_grey(VipsImage *in, VipsImage **out);
int tp_one_band(VipsImage *in, VipsImage **out);
void tp_paged(VipsImage *image, int height);
void tp_orient(VipsImage *image, int orientation);
int tp_upright(VipsImage *in, VipsImage **out);
int tp_resize(VipsImage *in, double h, double v, int kernel, VipsImage **out);
int tp_reduce(VipsImage *in, int width, int height, int pages, VipsImage **out);
TpReducer *tp_reducer_new(int from_width, int from_height, int width, int height);
void tp_reducer_row(TpReducer *r, const VipsPel *row, int bands, VipsImage *out, int top);
void tp_reducer_free(TpReducer *r);
int tp_extract(VipsImage *in, int left, int top, int width, int height, VipsImage **out);
int tp_rotate(VipsImage *in, int quarters, VipsImage **out);
int tp_flip(VipsImage *in, int vertical, VipsImage **out);
int tp_embed(VipsImage *in, int x, int y, int width, int height, double *color, int n, VipsImage **out);
int tp_embed_copy(VipsImage *in, int width, int height, VipsImage **out);
int tp_flatten(VipsImage *in, double *color, VipsImage **out);
int tp_bands(VipsImage *in, int first, int n, VipsImage **out);
int tp_join_bands(VipsImage *a, VipsImage *b, VipsImage **out);
int tp_opaque(VipsImage *in, VipsImage **out);
int tp_mask_alpha(VipsImage *in, VipsImage *mask, VipsImage **out);
int tp_blur(VipsImage *in, double sigma, VipsImage **out);
int tp_sharpen(VipsImage *in, double sigma, VipsImage **out);
int tp_table(VipsImage *in, const void *table, VipsImage **out);
int tp_recomb(VipsImage *in, const double *nine, VipsImage **out);
int tp_trim(VipsImage *in, double threshold, int *left, int *top, int *width, int *height);
int tp_smart(VipsImage *in, int width, int height, int *left, int *top);
int tp_text(const char *markup, const char *font, int width, VipsImage **out);
int tp_over(VipsImage *in, VipsImage *over, int x, int y, VipsImage **out);
int tp_tile(VipsImage *in, int width, int height, VipsImage **out);
int tp_draw_rect(VipsImage *image, double *color, int n, int left, int top, int width, int height);
int tp_draw_mask(VipsImage *image, double *color, int n, VipsImage *mask, int x, int y);
int tp_draw_image(VipsImage *image, VipsImage *sub, int x, int y);
int tp_stack(VipsImage **in, int n, VipsImage **out);
int tp_animate(VipsImage *in, int height, int n, VipsImage *from, VipsImage **out);
int tp_plain(VipsImage *in, int strip, VipsImage **out);
