// Host configs of our own for Microsoft's card renderer: one for light, one for dark. The colours are
// chosen so that every text on its background has a contrast of at least 4.5 : 1.

const font = '"Segoe UI Variable Text", "Segoe UI", system-ui, -apple-system, "Helvetica Neue", sans-serif';
const mono = 'ui-monospace, "Cascadia Mono", Consolas, "Liberation Mono", monospace';
const sizes = { small: 12, default: 14, medium: 15, large: 18, extraLarge: 23 };
const weights = { lighter: 300, default: 400, bolder: 600 };

const light = {
  line: '#dcdde6',
  text: { default: ['#22232e', '#5d5f6e'], dark: ['#15161d', '#3a3b47'], light: ['#ffffff', '#eeeef4'], accent: ['#444aa9', '#555bb8'], good: ['#17703f', '#24764a'], warning: ['#855800', '#8a600f'], attention: ['#b0242e', '#b53842'] },
  style: { default: ['#ffffff', '#dcdde6'], emphasis: ['#f4f4f9', '#c9cad6'], accent: ['#ebecfc', '#bcc0f0'], good: ['#e6f5ec', '#a9d9bd'], attention: ['#fdecec', '#f0b9bc'], warning: ['#fdf3dc', '#ecd08d'] },
};

const dark = {
  line: '#3b3c48',
  text: { default: ['#f2f2f6', '#b4b6c4'], dark: ['#22232e', '#3a3b47'], light: ['#ffffff', '#dcdde6'], accent: ['#a9afff', '#a1a6ee'], good: ['#7bd6a0', '#7bc79a'], warning: ['#f2c661', '#dcb75f'], attention: ['#ff979c', '#ee989d'] },
  style: { default: ['#26272f', '#3b3c48'], emphasis: ['#1e1f26', '#4c4d5b'], accent: ['#2c2e52', '#4d529c'], good: ['#1d3a2b', '#32694c'], attention: ['#45242a', '#80404a'], warning: ['#3d321a', '#77602a'] },
};

const ink = ([strong, subtle]) => ({ default: strong, subtle });

function containerStyles(palette) {
  const foregroundColors = Object.fromEntries(Object.entries(palette.text).map(([name, pair]) => [name, ink(pair)]));
  return Object.fromEntries(Object.entries(palette.style).map(([name, [backgroundColor, borderColor]]) => [name, { backgroundColor, borderColor, foregroundColors }]));
}

function build(palette) {
  const face = (fontFamily) => ({ fontFamily, fontSizes: sizes, fontWeights: weights });
  return {
    supportsInteractivity: true,
    spacing: { small: 6, default: 10, medium: 14, large: 20, extraLarge: 28, padding: 16 },
    separator: { lineThickness: 1, lineColor: palette.line },
    fontTypes: { default: face(font), monospace: face(mono) },
    textStyles: {
      heading: { size: 'large', weight: 'bolder', color: 'default', isSubtle: false },
      columnHeader: { size: 'default', weight: 'bolder', color: 'default', isSubtle: false },
    },
    textBlock: { headingLevel: 3 },
    imageSizes: { small: 36, medium: 56, large: 104 },
    containerStyles: containerStyles(palette),
    inputs: {
      label: {
        inputSpacing: 'Small',
        requiredInputs: { weight: 'Bolder', suffix: ' *', suffixColor: 'Attention' },
        optionalInputs: { weight: 'Bolder' },
      },
      errorMessage: { color: 'Attention', spacing: 'Small', size: 'Small', weight: 'Default' },
      allowDynamicallyFilteredChoiceSet: true,
      debounceTimeInMilliSeconds: 300,
    },
    actions: {
      maxActions: 6, spacing: 'Medium', buttonSpacing: 8, actionsOrientation: 'Horizontal', actionAlignment: 'Left',
      allowTitleToWrap: true, showCard: { actionMode: 'Inline', inlineTopMargin: 12, style: 'emphasis' },
    },
    adaptiveCard: { allowCustomStyle: true },
    imageSet: { imageSize: 'Medium', maxImageHeight: 104 },
    factSet: {
      title: { weight: 'Bolder', wrap: true, maxWidth: 150 },
      value: { wrap: true },
      spacing: 14,
    },
    table: { cellSpacing: 8 },
  };
}

const configs = { light: build(light), dark: build(dark) };

/** The host config of a theme, "light" or "dark". */
export const hostConfig = (theme) => configs[theme];
